#include "next_format/format_v2.h"

#include "serialization/format_v1.h"

namespace baton::serialization {

std::size_t v2_length(const tls::ConnectionState& state) {
  return sizeof(std::uint32_t) + v1_length(state);
}

void encode_v2(const tls::ConnectionState& state, SecretBuffer& out) {
  ByteWriter(out).u32(static_cast<std::uint32_t>(v1_length(state)));
  encode_v1(state, out);
}

Result<void> decode_v2(ByteReader& reader, tls::ConnectionState& state) {
  const std::size_t length = reader.u32();
  if (!reader.ok() || length > reader.left()) {
    return fail(ErrorCode::truncated, "the serialized connection is shorter than its length says");
  }
  if (length < reader.left()) {
    return fail(ErrorCode::malformed, "not a serialized connection: bytes behind its end");
  }
  return decode_v1(reader, state);
}

}  // namespace baton::serialization
