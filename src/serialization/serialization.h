// A ConnectionState as bytes and back. The format is specified in docs/serialization-format.md.
//
// The calls that yield or take plaintext secrets have `unprotected` in their names (R4): whoever holds these
// bytes can read and forge the connection. Carry them over the link only.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "tls/connection_state.h"

namespace baton::serialization {

// The format that is written. `none`, the default of every configuration, means that the feature is off: a
// fleet turns it on only when every host can read the version.
enum class SerializationVersion : std::uint16_t { none = 0, v1 = 1 };

inline constexpr SerializationVersion kNewestReadableVersion = SerializationVersion::v1;

// Most bytes of one serialized connection. The largest legitimate parts are one partial record, one record of
// plaintext, unsent records up to the sender's output bound, and one partial handshake message.
inline constexpr std::size_t kMaxSerializedSize = std::size_t{4} * 1024 * 1024;

// Exact size of what serialize_unprotected would write; 0 for `none`.
std::size_t serialization_length(const tls::ConnectionState& state, SerializationVersion version);

// Encodes the state and destroys it: a connection lives in one place only (R1).
// Errors: refused (version none), unsupported_version, limit_exceeded (over kMaxSerializedSize), and those of
// tls::validate.
[[nodiscard]] Result<SecretBuffer> serialize_unprotected(tls::ConnectionState&& state,
                                                         SerializationVersion version);

// Decodes every version up to kNewestReadableVersion, wholly, before anything is built from it (R5).
// Errors: truncated, malformed (also trailing bytes), unsupported_version, unknown_field (a must-understand
// field that this build does not know), limit_exceeded.
[[nodiscard]] Result<tls::ConnectionState> deserialize_unprotected(ByteView bytes);

}  // namespace baton::serialization
