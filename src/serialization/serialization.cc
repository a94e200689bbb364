#include "serialization/serialization.h"

#include "serialization/format_v1.h"

namespace baton::serialization {
namespace {

constexpr std::uint32_t kMagic = 0x4241544E;  // "BATN"
constexpr std::size_t kHeaderSize = 6;        // magic, version

std::string number(SerializationVersion version) {
  return std::to_string(static_cast<unsigned>(version));
}

}  // namespace

std::size_t serialization_length(const tls::ConnectionState& state, SerializationVersion version) {
  return version == SerializationVersion::v1 ? kHeaderSize + v1_length(state) : 0;
}

Result<SecretBuffer> serialize_unprotected(tls::ConnectionState&& state, SerializationVersion version) {
  const tls::ConnectionState owned = std::move(state);  // destroyed, and so wiped, whatever happens next
  if (version == SerializationVersion::none) {
    return fail(ErrorCode::refused, "serialization is off: no serialization version is set");
  }
  if (version > kNewestReadableVersion) {
    return fail(ErrorCode::unsupported_version, "cannot write serialization version " + number(version) +
                                                    ", newest known is " + number(kNewestReadableVersion));
  }
  if (auto valid = tls::validate(owned); !valid) return pass_on(valid);
  const std::size_t length = serialization_length(owned, version);
  if (length > kMaxSerializedSize) {
    return fail(ErrorCode::limit_exceeded, "the connection has " + std::to_string(length) +
                                               " bytes serialized; read, or send, what is in flight first");
  }
  SecretBuffer out;
  out.reserve(length);  // exact, so that growing leaves no copies
  ByteWriter writer(out);
  writer.u32(kMagic);
  writer.u16(static_cast<std::uint16_t>(version));
  encode_v1(owned, out);
  return out;
}

Result<tls::ConnectionState> deserialize_unprotected(ByteView bytes) {
  if (bytes.size() > kMaxSerializedSize) {
    return fail(ErrorCode::limit_exceeded, "larger than any serialized connection");
  }
  ByteReader reader(bytes);
  const std::uint32_t magic = reader.u32();
  const auto version = static_cast<SerializationVersion>(reader.u16());
  if (!reader.ok()) return fail(ErrorCode::truncated, "the serialized connection ends inside its header");
  if (magic != kMagic) return fail(ErrorCode::malformed, "not a serialized connection: wrong magic number");
  if (version == SerializationVersion::none || version > kNewestReadableVersion) {
    return fail(ErrorCode::unsupported_version, "cannot read serialization version " + number(version) +
                                                    ", newest known is " + number(kNewestReadableVersion));
  }
  return decode_v1(reader);
}

}  // namespace baton::serialization
