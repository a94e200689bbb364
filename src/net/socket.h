// Sockets as Asio coroutines: TCP and Unix sockets in one type, errors as values.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "net/endpoint.h"

namespace baton::net {

template <class T = void>
using Task = asio::awaitable<T>;

using Socket = asio::generic::stream_protocol::socket;
using SocketAddress = asio::generic::stream_protocol::endpoint;

// Connects to the first address of `endpoint` that answers; TCP_NODELAY is set. The error names the endpoint.
Task<Result<Socket>> connect(const Endpoint& endpoint, std::chrono::milliseconds timeout);

// At least one byte, or 0 at the orderly end of the stream.
Task<Result<std::size_t>> read_some(Socket& socket, MutableBytes into);

// Reads without waiting: bytes, 0 at the orderly end, or nullopt when there is nothing to read now. With
// wait_readable() it lets an idle connection own no buffer. The socket must be non-blocking (connect() and
// accept() make it so).
std::optional<Result<std::size_t>> try_read(Socket& socket, MutableBytes into);
Task<Result<void>> wait_readable(Socket& socket);

// Writes without waiting: how many bytes the kernel has taken, 0 when it takes none now.
Result<std::size_t> try_write(Socket& socket, ByteView bytes);

// All of `bytes`. Returns without a pause where the kernel takes them at once: who writes a lot gives way
// between.
Task<Result<void>> write_all(Socket& socket, ByteView bytes);

// Lets the others of the event loop have their turn.
Task<> give_way();

// Tells the other side that we send nothing more. Errors do not matter: the reader will see them.
void shut_down_sending(Socket& socket);

// Closes after our last bytes, an alert perhaps: waits a moment for the other side's end, since closing a
// socket with unread bytes makes the kernel drop what is on its way.
Task<> linger_and_close(Socket& socket);

// Closes so that the other side sees a reset, and queued bytes are dropped.
void reset(Socket& socket);

// "192.0.2.1:443", "[2001:db8::1]:443", or "unix" for a Unix socket.
std::string describe(const SocketAddress& address);

// IPv4-mapped addresses, which a dual-stack listener shows, as the IPv4 addresses that they are.
SocketAddress unmapped(const SocketAddress& address);

// The process's user id at the other end of a Unix socket (SO_PEERCRED).
Result<unsigned> peer_user(Socket& socket);

[[nodiscard]] tl::unexpected<Error> io_error(std::string_view what, const std::error_code& code);

}  // namespace baton::net
