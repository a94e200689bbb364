// Serialization version 1: docs/serialization-format.md, byte by byte.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "tls/connection_state.h"

namespace baton::serialization {

// Both work on what follows the magic number and the version.
std::size_t v1_length(const tls::ConnectionState& state);
void encode_v1(const tls::ConnectionState& state, SecretBuffer& out);
// Decodes into `state`, which is new; a failure leaves it half done.
[[nodiscard]] Result<void> decode_v1(ByteReader& reader, tls::ConnectionState& state);

}  // namespace baton::serialization
