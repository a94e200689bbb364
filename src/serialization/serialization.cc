#include "serialization/serialization.h"

#include <array>

#include "serialization/format_v1.h"
#include "serialization/v1_fields.h"
#ifdef BATON_TEST_FORMAT_V2
#include "next_format/format_v2.h"
#endif

namespace baton::serialization {
namespace {

constexpr std::uint32_t kMagic = 0x4241544E;  // "BATN"
constexpr std::size_t kHeaderSize = 6;        // magic, version

// What follows magic number and version, in one version.
struct Format {
  SerializationVersion version;
  std::size_t (*length)(const tls::ConnectionState&);
  void (*encode)(const tls::ConnectionState&, SecretBuffer&);
  Result<void> (*decode)(ByteReader&, tls::ConnectionState&);
};

constexpr std::array kFormats = {
    Format{SerializationVersion::v1, v1_length, encode_v1, decode_v1},
#ifdef BATON_TEST_FORMAT_V2
    Format{SerializationVersion{2}, v2_length, encode_v2, decode_v2},
#endif
};

const Format* find_format(SerializationVersion version) {
  for (const Format& format : kFormats) {
    if (format.version == version) return &format;
  }
  return nullptr;
}

tl::unexpected<Error> unknown_version(const char* what, SerializationVersion version) {
  const auto number = [](SerializationVersion v) { return std::to_string(static_cast<unsigned>(v)); };
  return fail(ErrorCode::unsupported_version, std::string("cannot ") + what + " serialization version " +
                                                  number(version) + ", newest known is " +
                                                  number(newest_readable_version()));
}

// Into a state that is in its place already: it is large, and moving it wipes what it leaves.
Result<void> decode(ByteView bytes, tls::ConnectionState& state) {
  if (bytes.size() > kMaxSerializedSize) {
    return fail(ErrorCode::limit_exceeded, "larger than any serialized connection");
  }
  ByteReader reader(bytes);
  const std::uint32_t magic = reader.u32();
  const auto version = static_cast<SerializationVersion>(reader.u16());
  if (!reader.ok()) return fail(ErrorCode::truncated, "the serialized connection ends inside its header");
  if (magic != kMagic) return fail(ErrorCode::malformed, "not a serialized connection: wrong magic number");
  const Format* format = find_format(version);
  if (format == nullptr) return unknown_version("read", version);
  return format->decode(reader, state);
}

Result<void> decode_for(const Import& import, ByteView bytes, tls::ConnectionState& state) {
  if (bytes.size() > import.policy.max_size) {
    return fail(ErrorCode::limit_exceeded, "the serialized connection has " + std::to_string(bytes.size()) +
                                               " bytes, and the import policy allows " +
                                               std::to_string(import.policy.max_size));
  }
  if (auto decoded = decode(bytes, state); !decoded) return decoded;
  return check_import(state, import);
}

}  // namespace

std::size_t serialization_length(const tls::ConnectionState& state, SerializationVersion version) {
  const Format* format = find_format(version);
  return format != nullptr && state.suite != nullptr ? kHeaderSize + format->length(state) : 0;
}

std::size_t serialization_length(const tls::ConnectionState& state, const tls::InFlight& moving,
                                 SerializationVersion version) {
  const std::size_t at_rest = serialization_length(state, version);
  if (at_rest == 0) return 0;
  return at_rest + v1_field_size(moving.unread_ciphertext) + v1_field_size(moving.unread_plaintext) +
         v1_field_size(moving.unsent_ciphertext) + v1_field_size(moving.partial_handshake);
}

Result<void> can_write(SerializationVersion version, std::size_t length) {
  if (version == SerializationVersion::none) {
    return fail(ErrorCode::refused, "serialization is off: no serialization version is set");
  }
  if (find_format(version) == nullptr) return unknown_version("write", version);
  if (length > kMaxSerializedSize) {
    return fail(ErrorCode::limit_exceeded, "the connection has " + std::to_string(length) +
                                               " bytes serialized; read, or send, what is in flight first");
  }
  return {};
}

Result<SecretBuffer> serialize_unprotected(tls::ConnectionState&& state, SerializationVersion version) {
  const tls::ConnectionState owned = std::move(state);  // destroyed, and so wiped, whatever happens next
  const std::size_t length = serialization_length(owned, version);
  if (auto can = can_write(version, length); !can) return pass_on(can);
  if (auto valid = tls::validate(owned); !valid) return pass_on(valid);
  SecretBuffer out;
  out.reserve(length);  // exact, so that growing leaves no copies
  ByteWriter writer(out);
  writer.u32(kMagic);
  writer.u16(static_cast<std::uint16_t>(version));
  find_format(version)->encode(owned, out);
  return out;
}

Result<tls::ConnectionState> deserialize_unprotected(ByteView bytes) {
  Result<tls::ConnectionState> state(tl::in_place);
  if (auto decoded = decode(bytes, *state); !decoded) state = pass_on(decoded);
  return state;
}

Result<tls::ConnectionState> deserialize_unprotected(ByteView bytes, const Import& import) {
  Result<tls::ConnectionState> state(tl::in_place);
  if (auto accepted = decode_for(import, bytes, *state); !accepted) state = pass_on(accepted);
  return state;
}

}  // namespace baton::serialization

namespace baton {

SerializationVersion newest_readable_version() {
  return serialization::kFormats.back().version;
}

}  // namespace baton
