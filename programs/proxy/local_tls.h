// The TLS of a listener that does its handshakes itself, with keys that key stores have.
#pragma once

#include <memory>

#include "handshake/server.h"

namespace baton::proxy {

// Immutable; all event loops share it, and so its ticket keys.
struct LocalTls {
  std::shared_ptr<const handshake::ServerEndpoint> endpoint;
  std::shared_ptr<const handshake::Tenant> tenant;

  Result<std::unique_ptr<handshake::Handshake>> accept() const {
    return endpoint->accept([chosen = tenant](const handshake::ClientHelloInfo& /*hello*/) {
      return handshake::TenantChoice(chosen);
    });
  }
};

}  // namespace baton::proxy
