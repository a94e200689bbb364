// Boost.Beast over our streams: HTTP, timeouts, WebSocket.
#define BATON_ASIO_BOOST
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "baton/asio/beast.h"
#include "flavour.h"

namespace baton::test::BATON_ASIO_FLAVOUR {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using TcpStream = baton::asio::stream<beast::tcp_stream>;

static_assert(beast::is_async_stream<Stream>::value);
static_assert(beast::is_sync_stream<Stream>::value);
static_assert(beast::is_async_stream<TcpStream>::value);
static_assert(beast::is_sync_stream<TcpStream>::value);
static_assert(beast::is_async_stream<baton::asio::stream<Stream>>::value);
static_assert(std::is_same_v<beast::lowest_layer_type<TcpStream>, beast::tcp_stream>);

namespace {

struct BeastPair {
  net::io_context io;
  SocketPair sockets{io};
  TcpStream server{std::move(sockets.ours), our_config(Role::server)};
  TcpStream client{std::move(sockets.theirs), our_config(Role::client)};

  void shake_hands() {
    run(io, server.async_handshake(net::use_awaitable), client.async_handshake(net::use_awaitable));
  }
};

Task<> serve_http(TcpStream& stream, int requests) {
  beast::flat_buffer buffer;
  for (int i = 0; i < requests; ++i) {
    http::request<http::string_body> request;
    co_await http::async_read(stream, buffer, request, net::use_awaitable);
    EXPECT_EQ(buffer.size(), 0U) << "nothing is left outside of the stream, so it can be handed on";
    Connection connection = value_of(stream.release());
    stream = TcpStream(std::move(stream.next_layer()), std::move(connection));
    http::response<http::string_body> response(http::status::ok, request.version());
    response.body() = "answer to " + request.body();
    response.chunked(i % 2 == 0);
    response.prepare_payload();
    co_await http::async_write(stream, response, net::use_awaitable);
  }
  co_await stream.async_shutdown(net::use_awaitable);
}

Task<> ask_http(TcpStream& stream, int requests) {
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  for (int i = 0; i < requests; ++i) {
    http::request<http::string_body> request(http::verb::post, "/", 11);
    request.set(http::field::host, kName);
    request.body() = std::string(static_cast<std::size_t>(i) * 20'000, 'x');
    request.prepare_payload();
    co_await http::async_write(stream, request, net::use_awaitable);
    response = {};
    co_await http::async_read(stream, buffer, response, net::use_awaitable);
    EXPECT_TRUE(response.body() == "answer to " + request.body());
  }
  error_code ec;
  co_await http::async_read(stream, buffer, response, net::redirect_error(net::use_awaitable, ec));
  EXPECT_EQ(ec, http::error::end_of_stream);
}

TEST(BoostBeast, HttpBothEndsWithAHandoverPerRequest) {
  BeastPair pair;
  pair.shake_hands();
  run(pair.io, serve_http(pair.server, 10), ask_http(pair.client, 10));
}

// A cut body is an error, where the length would be known only by the end.
TEST(BoostBeast, ACutHttpBodyIsNotWhole) {
  BeastPair pair;
  pair.shake_hands();
  const std::string_view head = "HTTP/1.1 200 OK\r\n\r\nhalf of a bo";
  net::write(pair.server, net::buffer(head.data(), head.size()));
  pair.server.next_layer().socket().shutdown(tcp::socket::shutdown_send);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  error_code ec;
  http::read(pair.client, buffer, response, ec);
  EXPECT_EQ(ec, baton::asio::error::stream_truncated);
}

TEST(BoostBeast, TheNextLayersTimeoutEndsAHandshakeAndARead) {
  BeastPair pair;
  error_code result;
  pair.server.next_layer().expires_after(std::chrono::milliseconds(1));
  pair.server.async_handshake([&](error_code ec) { result = ec; });
  pair.io.run();
  EXPECT_EQ(result, beast::error::timeout);

  BeastPair established;
  established.shake_hands();
  established.server.next_layer().expires_after(std::chrono::milliseconds(1));
  char byte = 0;
  established.server.async_read_some(net::buffer(&byte, 1), [&](error_code ec, std::size_t) { result = ec; });
  result = {};
  established.io.restart();
  established.io.run();
  EXPECT_EQ(result, beast::error::timeout);
  EXPECT_TRUE(established.server.release()) << "it can still be handed on";
}

using WebSocket = websocket::stream<TcpStream>;

Task<> echo_frames(WebSocket& socket) {
  co_await socket.async_accept(net::use_awaitable);
  for (;;) {
    beast::flat_buffer message;
    error_code ec;
    co_await socket.async_read(message, net::redirect_error(net::use_awaitable, ec));
    if (ec) {
      EXPECT_EQ(ec, websocket::error::closed);
      co_return;
    }
    co_await socket.async_write(message.data(), net::use_awaitable);
  }
}

Task<> speak_frames(WebSocket& socket) {
  co_await socket.async_handshake(kName, "/", net::use_awaitable);
  for (const std::size_t size : {1, 1000, 300'000}) {
    const std::string text(size, 'w');
    co_await socket.async_write(net::buffer(text), net::use_awaitable);
    beast::flat_buffer message;
    co_await socket.async_read(message, net::use_awaitable);
    EXPECT_TRUE(beast::buffers_to_string(message.data()) == text);
  }
  co_await socket.async_close(websocket::close_code::normal, net::use_awaitable);
}

TEST(BoostBeast, WebSocketFramesAndTheirEnd) {
  BeastPair pair;
  pair.shake_hands();
  WebSocket server(std::move(pair.server));
  WebSocket client(std::move(pair.client));
  run(pair.io, echo_frames(server), speak_frames(client));
  EXPECT_FALSE(client.next_layer().next_layer().socket().is_open());
}

}  // namespace
}  // namespace baton::test::BATON_ASIO_FLAVOUR
