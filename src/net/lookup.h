// The addresses of a host's name.
#pragma once

#include <string>
#include <vector>

#include "net/socket.h"

namespace baton::net {

// In the resolver's order. Cancellation, and the end of the event loop, end it at once: the system's
// resolver, which nothing can interrupt while its servers are silent, is left behind in a thread of its own.
// Error: io.
Task<Result<std::vector<SocketAddress>>> look_up(std::string host, std::uint16_t port);

}  // namespace baton::net
