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
Result<tls::ConnectionState> decode_v1(ByteReader& reader);

}  // namespace baton::serialization
