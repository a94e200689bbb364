// What a server waits for that was handed off early: the client's Finished (RFC 8446 §4.4.4).
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "tls/cipher_suite.h"
#include "tls/limits.h"

namespace baton::tls {

struct AwaitedFinished {
  KeyingMaterial client_handshake_secret;  // RFC 8446 §7.1; it protects the Finished
  KeyingMaterial verify_data;              // what the Finished of an honest client holds; one hash long
  // Our NewSessionTickets: whole records, sealed under our application key from sequence number 0 on. They
  // are sent behind the right Finished; behind a wrong one they are destroyed.
  Bytes deferred_ciphertext;
};

// The Finished message of this verify_data, with its header.
using FinishedMessage = Secret<kHandshakeHeaderSize + crypto::kMaxHashSize>;
FinishedMessage finished_message(const KeyingMaterial& verify_data);

// RFC 8446 §4.4.4: verify_data = HMAC(finished_key, transcript_hash), where finished_key is expanded from the
// handshake traffic secret of the Finished's sender. `transcript_hash` is that of all messages before it.
[[nodiscard]] Result<KeyingMaterial> finished_verify_data(crypto::HashAlgorithm hash,
                                                          const KeyingMaterial& handshake_secret,
                                                          ByteView transcript_hash);

}  // namespace baton::tls
