// From an SSL that a program has used to the ConnectionState that continues its connection.
#pragma once

#include <openssl/ssl.h>

#include "baton/adopt.h"
#include "tls/connection_state.h"

namespace baton::handshake {

// See baton/adopt.h.
AdoptionReadiness adoption_readiness(const SSL* ssl);

// The SSL is silent and has lost its keys when it succeeds, and when it fails with `crypto`; with any other
// error nothing has changed. `expected` is the role that it must have.
[[nodiscard]] Result<tls::ConnectionState> adopt(SSL* ssl, tls::Role expected);

}  // namespace baton::handshake
