#include "net/socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <asio/connect.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <cstring>

#include "net/lookup.h"
#include "net/timeout.h"

namespace baton::net {
namespace {

using asio::ip::tcp;

constexpr auto kLingerTime = std::chrono::milliseconds(5000);
constexpr std::size_t kMaxLingerBytes = std::size_t{4} * 1024 * 1024;

// The addresses behind an endpoint, in the resolver's order.
Task<Result<std::vector<SocketAddress>>> resolve(const Endpoint& endpoint) {
  std::vector<SocketAddress> addresses;
  if (const auto* unix_endpoint = std::get_if<UnixEndpoint>(&endpoint)) {
    addresses.emplace_back(asio::local::stream_protocol::endpoint(unix_endpoint->path.string()));
    co_return addresses;
  }
  const auto& tcp_endpoint = std::get<TcpEndpoint>(endpoint);
  std::error_code error;
  // A literal address needs no resolver, and no thread.
  const auto literal = asio::ip::make_address(tcp_endpoint.host, error);
  if (!error) {
    addresses.emplace_back(tcp::endpoint(literal, tcp_endpoint.port));
    co_return addresses;
  }
  co_return co_await look_up(tcp_endpoint.host, tcp_endpoint.port);
}

// asio would not open it close-on-exec: the links of a provider are in programs that start others, and
// whoever inherits one could write to it, or keep it open.
std::error_code open_socket(Socket& socket, const SocketAddress& address) {
  const auto protocol = address.protocol();
  const int descriptor = ::socket(protocol.family(), protocol.type() | SOCK_CLOEXEC, protocol.protocol());
  if (descriptor < 0) return {errno, std::generic_category()};
  std::error_code error;
  socket.assign(protocol, descriptor, error);
  if (error) ::close(descriptor);
  return error;
}

Task<Result<Socket>> connect_to_any(const Endpoint& endpoint) {
  auto addresses = co_await resolve(endpoint);
  if (!addresses) co_return pass_on(addresses);
  std::error_code error = asio::error::not_found;
  for (const SocketAddress& address : *addresses) {
    Socket socket(co_await asio::this_coro::executor);
    error = open_socket(socket, address);
    if (error) continue;
    co_await socket.async_connect(address, asio::redirect_error(asio::use_awaitable, error));
    if (error) continue;
    std::error_code ignored;  // a connection that has failed by now says so when it is used
    socket.non_blocking(true, ignored);
    if (is_tcp(endpoint)) socket.set_option(tcp::no_delay(true), ignored);
    co_return socket;
  }
  co_return io_error("cannot connect to " + to_string(endpoint), error);
}

// The other side has ended, and nothing of it is unread.
bool is_at_end(Socket& socket) {
  std::uint8_t byte = 0;
  const auto count = try_read(socket, {&byte, 1});
  return count && (!*count || **count == 0);
}

}  // namespace

tl::unexpected<Error> io_error(std::string_view what, const std::error_code& code) {
  return fail(ErrorCode::io, std::string(what) + ": " + code.message());
}

Task<Result<Socket>> connect(const Endpoint& endpoint, std::chrono::milliseconds timeout) {
  return with_timeout(connect_to_any(endpoint), timeout, "connecting to " + to_string(endpoint));
}

Task<Result<std::size_t>> read_some(Socket& socket, MutableBytes into) {
  std::error_code error;
  const std::size_t count = co_await socket.async_read_some(asio::buffer(into.data(), into.size()),
                                                            asio::redirect_error(asio::use_awaitable, error));
  if (error == asio::error::eof) co_return std::size_t{0};
  if (error) co_return io_error("reading failed", error);
  co_return count;
}

std::optional<Result<std::size_t>> try_read(Socket& socket, MutableBytes into) {
  std::error_code error;
  const std::size_t count = socket.read_some(asio::buffer(into.data(), into.size()), error);
  if (error == asio::error::would_block) return std::nullopt;
  if (error == asio::error::eof) return Result<std::size_t>(std::size_t{0});
  if (error) return Result<std::size_t>(io_error("reading failed", error));
  return Result<std::size_t>(count);
}

Task<Result<void>> wait_readable(Socket& socket) {
  std::error_code error;
  co_await socket.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return io_error("waiting failed", error);
  co_return Result<void>{};
}

Result<std::size_t> try_write(Socket& socket, ByteView bytes) {
  std::error_code error;
  const std::size_t count = socket.write_some(asio::buffer(bytes.data(), bytes.size()), error);
  if (error && error != asio::error::would_block) return io_error("writing failed", error);
  return count;
}

Task<Result<void>> write_all(Socket& socket, ByteView bytes) {
  const auto taken = try_write(socket, bytes);  // all of it, as a rule
  if (!taken) co_return tl::unexpected(taken.error());
  bytes = bytes.subspan(*taken);
  if (bytes.empty()) co_return Result<void>{};
  std::error_code error;
  co_await asio::async_write(socket, asio::buffer(bytes.data(), bytes.size()),
                             asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return io_error("writing failed", error);
  co_return Result<void>{};
}

Task<> give_way() {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

void shut_down_sending(Socket& socket) {
  std::error_code ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
}

Task<> linger_and_close(Socket& socket) {
  shut_down_sending(socket);
  if (is_at_end(socket)) {
    std::error_code ignored;
    socket.close(ignored);
    co_return;
  }
  const auto discard = [](Socket& from) -> Task<Result<std::size_t>> {
    std::array<std::uint8_t, 4096> bytes;
    std::size_t total = 0;
    for (;;) {
      auto count = co_await read_some(from, bytes);
      if (!count || *count == 0 || (total += *count) > kMaxLingerBytes) co_return total;
    }
  };
  static_cast<void>(co_await with_timeout(discard(socket), kLingerTime, "closing"));
  std::error_code ignored;
  socket.close(ignored);
}

void reset(Socket& socket) {
  std::error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

SocketAddress unmapped(const SocketAddress& address) {
  if (address.protocol().family() != AF_INET6) return address;
  tcp::endpoint endpoint;
  endpoint.resize(address.size());
  std::memcpy(endpoint.data(), address.data(), address.size());
  if (!endpoint.address().to_v6().is_v4_mapped()) return address;
  return tcp::endpoint(asio::ip::make_address_v4(asio::ip::v4_mapped, endpoint.address().to_v6()),
                       endpoint.port());
}

std::string describe(const SocketAddress& address) {
  const SocketAddress plain = unmapped(address);
  const int family = plain.protocol().family();
  if (family != AF_INET && family != AF_INET6) return "unix";
  tcp::endpoint endpoint;
  endpoint.resize(plain.size());
  std::memcpy(endpoint.data(), plain.data(), plain.size());
  const std::string host = endpoint.address().to_string();
  return (family == AF_INET6 ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

Result<unsigned> peer_user(Socket& socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return io_error("SO_PEERCRED", std::error_code(errno, std::generic_category()));
  }
  return credentials.uid;
}

}  // namespace baton::net
