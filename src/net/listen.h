// Listening sockets.
#pragma once

#include <asio/basic_socket_acceptor.hpp>

#include "net/socket.h"

namespace baton::net {

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

// A listening socket. TCP: SO_REUSEPORT, so that each event loop has its own; an IPv6 address listens for
// IPv6 only (name 0.0.0.0 beside [::] to have both). A Unix socket replaces a file left behind by a dead
// process and is made with mode 0660. Errors name the endpoint.
Result<Acceptor> listen(const asio::any_io_executor& executor, const Endpoint& endpoint);

// The next connection, with TCP_NODELAY. Errors that concern one connection only are passed over; when
// descriptors run out it waits a moment and goes on. An error means that the acceptor was closed.
Task<Result<Socket>> accept(Acceptor& acceptor);

}  // namespace baton::net
