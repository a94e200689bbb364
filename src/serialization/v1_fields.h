// The optional fields of serialization version 1, which follow its fixed part.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "tls/connection_state.h"

namespace baton::serialization {

[[nodiscard]] inline tl::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::malformed, std::string("not a serialized connection: ") + what);
}

// Bytes that a field with this value takes: none when it is empty.
std::size_t v1_field_size(std::size_t value_size);
std::size_t v1_fields_length(const tls::ConnectionState& state);
void encode_v1_fields(const tls::ConnectionState& state, SecretBuffer& out);
// Reads to the end.
[[nodiscard]] Result<void> decode_v1_fields(ByteReader& reader, tls::ConnectionState& state);

}  // namespace baton::serialization
