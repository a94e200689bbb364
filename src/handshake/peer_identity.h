// What is kept of the peer's certificate.
#pragma once

#include <openssl/ssl.h>

#include "base/error.h"
#include "baton/config.h"
#include "handshake/openssl_handles.h"
#include "tls/connection_state.h"

namespace baton::handshake {

// The certificate that the peer proved and that was verified, in this handshake or in the one that it
// resumes; null when none was demanded.
CertificatePtr verified_peer(const SSL* ssl);

[[nodiscard]] Result<void> keep_peer_identity(const SSL* ssl, PeerIdentity kept, tls::ConnectionState& state);

}  // namespace baton::handshake
