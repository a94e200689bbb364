// The link's own TLS: handshake → ConnectionState → Connection → stream, the path that every connection
// takes.
#pragma once

#include <memory>

#include "handshake/client.h"
#include "handshake/server.h"
#include "net/stream.h"

namespace baton::net {

struct SecureStream {
  std::unique_ptr<Stream> stream;
  handshake::Summary summary;  // who the peer is: summary.peer_names
};

// Runs the handshake on the socket. On failure the peer was sent the alert, and the error holds the reason.
Task<Result<SecureStream>> secure(Socket socket, std::unique_ptr<handshake::Handshake> handshake,
                                  std::chrono::milliseconds timeout);

}  // namespace baton::net
