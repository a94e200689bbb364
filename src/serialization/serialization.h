// A ConnectionState as bytes and back. The format is specified in docs/serialization-format.md.
//
// The calls that yield or take plaintext secrets have `unprotected` in their names (R4): whoever holds these
// bytes can read and forge the connection. Carry them over the link only, or seal them (sealed.h).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "baton/types.h"
#include "serialization/import.h"
#include "tls/connection.h"
#include "tls/connection_state.h"

namespace baton::serialization {

using baton::kMaxSerializedSize;
using baton::SerializationVersion;

// Exact size of what serialize_unprotected would write; 0 for `none`. With `moving`: of a state that would
// carry that besides.
std::size_t serialization_length(const tls::ConnectionState& state, SerializationVersion version);
std::size_t serialization_length(const tls::ConnectionState& state, const tls::InFlight& moving,
                                 SerializationVersion version);

// Whether serialize_unprotected would take a state of `length` bytes in this version. Errors: refused
// (version none), unsupported_version, limit_exceeded (over kMaxSerializedSize).
[[nodiscard]] Result<void> can_write(SerializationVersion version, std::size_t length);

// Encodes the state and destroys it: a connection lives in one place only (R1). Errors: those of can_write
// and of tls::validate.
[[nodiscard]] Result<SecretBuffer> serialize_unprotected(tls::ConnectionState&& state,
                                                         SerializationVersion version);

// Decodes every version up to the newest that this build knows, wholly, before anything is built from it
// (R5). Errors: truncated, malformed (also trailing bytes), unsupported_version, unknown_field (a
// must-understand field that this build does not know), limit_exceeded.
[[nodiscard]] Result<tls::ConnectionState> deserialize_unprotected(ByteView bytes);

// The same, and holds the connection against what is expected here. More errors: those of check_import.
[[nodiscard]] Result<tls::ConnectionState> deserialize_unprotected(ByteView bytes, const Import& import);

}  // namespace baton::serialization
