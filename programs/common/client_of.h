// Who is at the other end of a socket, as the link carries it.
#pragma once

#include "net/socket.h"
#include "offload/client_address.h"

namespace baton::programs {

// Unknown for a Unix socket, and for one that is not connected any more.
offload::ClientAddress client_of(const net::Socket& socket);

}  // namespace baton::programs
