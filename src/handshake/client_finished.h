// The Finished that an honest client will send: it is known once the server's own is written.
#pragma once

#include "handshake/transcript.h"
#include "tls/awaited_finished.h"
#include "tls/cipher_suite.h"

namespace baton::handshake {

struct ClientFinished {
  tls::AwaitedFinished awaited;  // without deferred records
  Bytes record;                  // the Finished as the client would seal it
};

// `transcript` ends with the server's Finished.
[[nodiscard]] Result<ClientFinished> predict_client_finished(const tls::CipherSuite& suite,
                                                             tls::KeyingMaterial client_handshake_secret,
                                                             const Transcript& transcript);

}  // namespace baton::handshake
