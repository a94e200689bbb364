#include "net/listen.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "net/timeout.h"

namespace baton::net {
namespace {

constexpr int kBacklog = 4096;
constexpr auto kWaitForDescriptors = std::chrono::milliseconds(50);
constexpr mode_t kUnixSocketMode = 0660;

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

// Whether a process answers behind this Unix socket.
bool is_alive(const std::string& path) {
  asio::io_context context;
  asio::local::stream_protocol::socket probe(context);
  std::error_code error;
  probe.connect(asio::local::stream_protocol::endpoint(path), error);
  return !error;
}

Result<SocketAddress> address_of(const Endpoint& endpoint) {
  if (const auto* unix_endpoint = std::get_if<UnixEndpoint>(&endpoint)) {
    return SocketAddress(asio::local::stream_protocol::endpoint(unix_endpoint->path.string()));
  }
  const auto& tcp_endpoint = std::get<TcpEndpoint>(endpoint);
  std::error_code error;
  const auto address = asio::ip::make_address(tcp_endpoint.host, error);
  if (error)
    return io_error("cannot listen on " + to_string(endpoint) + ", which is not an IP address", error);
  return SocketAddress(asio::ip::tcp::endpoint(address, tcp_endpoint.port));
}

Result<void> remove_dead_socket(const UnixEndpoint& endpoint) {
  const std::string path = endpoint.path.string();
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) return fail(ErrorCode::io, path + " exists and is not a socket; remove it");
  if (is_alive(path)) return fail(ErrorCode::io, path + " is in use by a running process");
  unlink(path.c_str());
  return {};
}

std::error_code prepare(Acceptor& acceptor, const SocketAddress& address) {
  std::error_code error;
  const int family = address.protocol().family();
  acceptor.open(address.protocol(), error);
  if (!error && family != AF_UNIX) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && family != AF_UNIX) acceptor.set_option(ReusePort(true), error);
  if (!error && family == AF_INET6) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(address, error);
  if (!error) acceptor.listen(kBacklog, error);
  return error;
}

bool out_of_descriptors(const std::error_code& error) {
  return error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system ||
         error == std::errc::no_buffer_space || error == std::errc::not_enough_memory;
}

}  // namespace

Result<Acceptor> listen(const asio::any_io_executor& executor, const Endpoint& endpoint) {
  auto address = address_of(endpoint);
  if (!address) return pass_on(address);
  const auto* unix_endpoint = std::get_if<UnixEndpoint>(&endpoint);
  if (unix_endpoint != nullptr) {
    if (auto removed = remove_dead_socket(*unix_endpoint); !removed) return pass_on(removed);
  }
  Acceptor acceptor(executor);
  if (const std::error_code error = prepare(acceptor, *address); error) {
    return io_error("cannot listen on " + to_string(endpoint), error);
  }
  if (unix_endpoint != nullptr && chmod(unix_endpoint->path.c_str(), kUnixSocketMode) != 0) {
    return io_error("cannot set the mode of " + to_string(endpoint),
                    std::error_code(errno, std::generic_category()));
  }
  return acceptor;
}

Task<Result<Socket>> accept(Acceptor& acceptor) {
  for (;;) {
    std::error_code error;
    Socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      std::error_code ignored;  // a Unix socket has no such option
      socket.non_blocking(true, ignored);
      socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      co_return socket;
    }
    if (!acceptor.is_open() || error == asio::error::operation_aborted) co_return io_error("closed", error);
    if (out_of_descriptors(error)) co_await sleep_for(kWaitForDescriptors);
  }
}

}  // namespace baton::net
