// An HTTP server of Boost.Beast, on Baton's Asio stream. What it answers is what it knows of the connection.
//
//   http_server PORT CERTIFICATE KEY
#define BATON_ASIO_BOOST
#include <utility>  // Boost 1.74 forgets it

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>

#include "baton/asio/stream.h"
#include "baton/library.h"
#include "common/need.h"

namespace {

using namespace example;
namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using net::ip::tcp;
using Stream = baton::asio::stream<beast::tcp_stream>;
using Response = http::response<http::string_body>;

constexpr auto kPatience = std::chrono::seconds(30);  // with a client that is slow or silent

Response answer(const http::request<http::string_body>& request, const baton::Connection& connection) {
  Response response(http::status::ok, request.version());
  response.keep_alive(request.keep_alive());
  response.set(http::field::content_type, "text/plain");
  response.body() = std::string(to_string(connection.protocol_version())) + " " +
                    std::string(connection.cipher_suite()) + "\n";
  if (request.method() != http::verb::get) {
    response.result(http::status::method_not_allowed);
    response.body() = "GET only\n";
  }
  response.prepare_payload();
  return response;
}

net::awaitable<void> serve(tcp::socket socket, const baton::Config& config) {
  Stream stream(std::move(socket), config);
  stream.next_layer().expires_after(kPatience);
  co_await stream.async_handshake(net::use_awaitable);
  beast::flat_buffer buffer;
  for (bool goes_on = true; goes_on;) {
    http::request<http::string_body> request;
    stream.next_layer().expires_after(kPatience);
    co_await http::async_read(stream, buffer, request, net::use_awaitable);
    const Response response = answer(request, *stream.connection());
    co_await http::async_write(stream, response, net::use_awaitable);
    goes_on = response.keep_alive();
  }
  co_await stream.async_shutdown(net::use_awaitable);
}

net::awaitable<void> accept_all(tcp::acceptor acceptor, baton::Config config) {
  net::steady_timer pause(acceptor.get_executor());
  for (;;) {
    boost::system::error_code error;
    tcp::socket socket = co_await acceptor.async_accept(net::redirect_error(net::use_awaitable, error));
    if (error) {  // no descriptor is left, say: those whom we serve free some, and who waits is not lost
      warn("accept: " + error.message());
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(net::use_awaitable);
      continue;
    }
    // One client's fault ends that client.
    net::co_spawn(acceptor.get_executor(), serve(std::move(socket), config), [](std::exception_ptr fault) {
      try {
        if (fault) std::rethrow_exception(fault);
      } catch (const boost::system::system_error& error) {
        if (error.code() != http::error::end_of_stream) warn(error.what());
      }
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  need_usage(argc == 4, "http_server PORT CERTIFICATE KEY");
  need(baton::start_library());
  net::io_context io;
  const tcp::endpoint endpoint(net::ip::address_v4::loopback(),
                               static_cast<std::uint16_t>(std::stoi(argv[1])));
  net::co_spawn(io, accept_all(tcp::acceptor(io, endpoint), server_config(argv[2], argv[3])),
                [](std::exception_ptr fault) {
                  if (fault) std::rethrow_exception(fault);
                });
  io.run();
}
