// A serialization version 2 that exists in tests only: it lets them play the rollout of a new version before
// there is one. Version 1 behind its length, so that no byte after the version stands where version 1 has it.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "tls/connection_state.h"

namespace baton::serialization {

// All work on what follows the magic number and the version: a u32 with the length of the rest, and the rest,
// which is as in version 1.
std::size_t v2_length(const tls::ConnectionState& state);
void encode_v2(const tls::ConnectionState& state, SecretBuffer& out);
// Errors: those of version 1; truncated (fewer bytes than the length says), malformed (more).
[[nodiscard]] Result<void> decode_v2(ByteReader& reader, tls::ConnectionState& state);

}  // namespace baton::serialization
