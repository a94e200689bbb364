// A connection in version 1 of s2n-tls's own format: docs/s2n-tls.md, byte by byte.
//
// It has no role, no MAC and no field for anything in flight, and it holds TLS 1.2's master secret. The calls
// that yield or take it have `unprotected` in their names (R4), and there is no sealed form.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "serialization/import.h"
#include "tls/connection.h"
#include "tls/connection_state.h"

namespace baton::serialization {

// Exact size of the format: 142 bytes for TLS 1.2, 126 or 174 for TLS 1.3.
std::size_t s2n_v1_length(const tls::CipherSuite& suite);

// Whether the format can carry the connection, with `moving` in flight. Errors: refused, with the one thing
// that it cannot carry; limit_exceeded, when a direction has used up its sequence numbers.
[[nodiscard]] Result<void> can_write_s2n_v1(const tls::ConnectionState& state, const tls::InFlight& moving);

// Encodes the state and destroys it (R1). Errors: those of can_write_s2n_v1 and of tls::validate; crypto.
[[nodiscard]] Result<SecretBuffer> serialize_s2n_v1_unprotected(tls::ConnectionState&& state);

// What becomes of the master secret of TLS 1.2 once the keys are expanded.
enum class MasterSecret : std::uint8_t { wiped, kept };

// Decodes wholly and holds the connection against what is expected, before a key is expanded (R5). The role
// is import.role: the bytes have none. TLS 1.3's resumption secret is passed over. Errors: truncated,
// malformed (also trailing bytes), unsupported_version (of the format, or of TLS), refused (a cipher suite
// that Baton does not carry), limit_exceeded (the policy's size; a direction has used up its sequence
// numbers), those of check_import, crypto.
[[nodiscard]] Result<tls::ConnectionState> deserialize_s2n_v1_unprotected(
    ByteView bytes, const Import& import, MasterSecret master_secret = MasterSecret::wiped);

}  // namespace baton::serialization
