#include "serialization/format_v1.h"

#include <algorithm>
#include <array>

namespace baton::serialization {
namespace {

using tls::ConnectionState;

constexpr std::uint16_t kMustUnderstand = 0x8000;
constexpr std::size_t kFieldHeaderSize = 6;  // type, uint32 length
constexpr std::size_t kMaxNameSize =
    255;  // bytes: a host name (RFC 1035 §2.3.4), an ALPN protocol (RFC 7301 §3.1)
constexpr std::size_t kMaxUnknownFields = 64;

// Bits of the flags byte.
constexpr std::uint8_t kKeyUpdateOwed = 1;
constexpr std::uint8_t kReadClosed = 2;
constexpr std::uint8_t kWriteClosed = 4;
constexpr std::uint8_t kKnownFlags = kKeyUpdateOwed | kReadClosed | kWriteClosed;

// Optional fields. A field that describes something which later records change carries the must-understand
// bit.
enum FieldType : std::uint16_t {
  unread_ciphertext = 1 | kMustUnderstand,
  unread_plaintext = 2 | kMustUnderstand,
  unsent_ciphertext = 3 | kMustUnderstand,
  partial_handshake = 4 | kMustUnderstand,
  server_name = 16,
  alpn = 17,
  group = 18,
  resumed = 19,
};
constexpr std::array kKnownTypes = {unread_ciphertext,
                                    unread_plaintext,
                                    unsent_ciphertext,
                                    partial_handshake,
                                    server_name,
                                    alpn,
                                    group,
                                    resumed};

constexpr std::uint16_t number_of(std::uint16_t type) {
  return type & static_cast<std::uint16_t>(~kMustUnderstand);
}

tl::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::malformed, std::string("not a serialized connection: ") + what);
}

struct Field {
  std::uint16_t type;
  ByteView value;
};

// The small values that have no bytes of their own in the state.
struct Scratch {
  std::array<std::uint8_t, 2> group{};
  std::array<std::uint8_t, 1> resumed{};
};

// The fields that the state has, in ascending order of their numbers.
std::vector<Field> fields_of(const ConnectionState& state, Scratch& scratch) {
  std::vector<Field> fields;
  const auto add = [&fields](std::uint16_t type, ByteView value) {
    if (!value.empty()) fields.push_back({type, value});
  };
  add(unread_ciphertext, state.unread_ciphertext);
  add(unread_plaintext, state.unread_plaintext);
  add(unsent_ciphertext, state.unsent_ciphertext);
  add(partial_handshake, state.partial_handshake);
  add(server_name, as_bytes(state.server_name));
  add(alpn, as_bytes(state.alpn));
  if (state.group) {
    scratch.group = {static_cast<std::uint8_t>(*state.group >> 8), static_cast<std::uint8_t>(*state.group)};
    add(group, scratch.group);
  }
  if (state.resumed) {
    scratch.resumed = {*state.resumed ? std::uint8_t{1} : std::uint8_t{0}};
    add(resumed, scratch.resumed);
  }
  for (const tls::UnknownField& unknown : state.unknown_fields)
    fields.push_back({unknown.type, unknown.value});
  std::ranges::sort(fields, {}, [](const Field& field) { return number_of(field.type); });
  return fields;
}

// Must-understand fields that this build does not know are refused, others are carried on unchanged.
Result<void> keep_unknown(const Field& field, ConnectionState& state) {
  const bool known_number = std::ranges::any_of(
      kKnownTypes, [&](std::uint16_t type) { return number_of(type) == number_of(field.type); });
  if (known_number) return malformed("a field has a wrong must-understand bit");
  if ((field.type & kMustUnderstand) != 0) {
    return fail(ErrorCode::unknown_field,
                "the serialized connection has field " + std::to_string(number_of(field.type)) +
                    ", which must be understood and is not known to this version of Baton");
  }
  if (state.unknown_fields.size() == kMaxUnknownFields) return malformed("too many fields");
  state.unknown_fields.push_back({field.type, Bytes(field.value.begin(), field.value.end())});
  return {};
}

Result<void> set_field(const Field& field, ConnectionState& state) {
  const ByteView value = field.value;
  switch (field.type) {
    case unread_ciphertext:
      state.unread_ciphertext.assign(value.begin(), value.end());
      break;
    case unread_plaintext:
      state.unread_plaintext.assign(value.begin(), value.end());
      break;
    case unsent_ciphertext:
      state.unsent_ciphertext.assign(value.begin(), value.end());
      break;
    case partial_handshake:
      if (value.size() > tls::kMaxPostHandshakeMessage)
        return malformed("a partial handshake message is too long");
      state.partial_handshake.assign(value.begin(), value.end());
      break;
    case server_name:
    case alpn:
      if (value.size() > kMaxNameSize) return malformed("a name is too long");
      (field.type == alpn ? state.alpn : state.server_name) = as_text(value);
      break;
    case group:
      if (value.size() != 2) return malformed("the group does not have two bytes");
      state.group = ByteReader(value).u16();
      break;
    case resumed:
      if (value.size() != 1 || value[0] > 1) return malformed("the resumed field is neither 0 nor 1");
      state.resumed = value[0] == 1;
      break;
    default:
      return keep_unknown(field, state);
  }
  // One encoding per value: what is empty is left out.
  if (value.empty()) return malformed("a field is empty");
  return {};
}

Result<void> decode_fields(ByteReader& reader, ConnectionState& state) {
  int previous = -1;
  while (reader.ok() && reader.left() > 0) {
    Field field{};
    field.type = reader.u16();
    field.value = reader.bytes(reader.u32());
    if (!reader.ok()) break;
    if (number_of(field.type) <= previous) return malformed("fields are not in ascending order");
    previous = number_of(field.type);
    if (auto set = set_field(field, state); !set) return set;
  }
  if (!reader.ok()) return fail(ErrorCode::truncated, "the serialized connection ends inside a field");
  return {};
}

Result<const tls::CipherSuite*> decode_suite(std::uint16_t version, std::uint16_t id) {
  const tls::CipherSuite* suite = tls::find_cipher_suite(id);
  if (suite == nullptr) return malformed("unknown cipher suite");
  if (static_cast<std::uint16_t>(suite->version) != version) {
    return malformed("the cipher suite does not belong to the TLS version");
  }
  return suite;
}

void put_direction_secrets(const ConnectionState& state, ByteWriter<SecretBuffer>& writer) {
  writer.bytes(state.read.keying.view());
  writer.bytes(state.write.keying.view());
}

}  // namespace

std::size_t v1_length(const ConnectionState& state) {
  constexpr std::size_t kFixedSize = 27;  // role … write sequence number
  std::size_t length = kFixedSize + 2 * state.suite->keying_size() + state.suite->explicit_nonce_size();
  Scratch scratch;
  for (const Field& field : fields_of(state, scratch)) length += kFieldHeaderSize + field.value.size();
  return length;
}

void encode_v1(const ConnectionState& state, SecretBuffer& out) {
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(state.role));
  writer.u8(static_cast<std::uint8_t>(state.phase));
  writer.u8(static_cast<std::uint8_t>((state.key_update_owed ? kKeyUpdateOwed : 0) |
                                      (state.read_closed ? kReadClosed : 0) |
                                      (state.write_closed ? kWriteClosed : 0)));
  writer.u16(static_cast<std::uint16_t>(state.version()));
  writer.u16(state.suite->id);
  writer.u16(state.max_send_fragment);
  writer.u16(state.max_receive_fragment);
  writer.u64(state.read.sequence);
  writer.u64(state.write.sequence);
  put_direction_secrets(state, writer);
  if (state.suite->explicit_nonce_size() != 0) writer.u64(state.next_explicit_nonce);
  Scratch scratch;
  for (const Field& field : fields_of(state, scratch)) {
    writer.u16(field.type);
    writer.u32(static_cast<std::uint32_t>(field.value.size()));
    writer.bytes(field.value);
  }
}

Result<ConnectionState> decode_v1(ByteReader& reader) {
  ConnectionState state;
  state.role = static_cast<tls::Role>(reader.u8());
  state.phase = static_cast<tls::Phase>(reader.u8());
  const std::uint8_t flags = reader.u8();
  const std::uint16_t version = reader.u16();
  const std::uint16_t suite_id = reader.u16();
  state.max_send_fragment = reader.u16();
  state.max_receive_fragment = reader.u16();
  state.read.sequence = reader.u64();
  state.write.sequence = reader.u64();
  if (!reader.ok()) return fail(ErrorCode::truncated, "the serialized connection ends inside its fixed part");
  if ((flags & ~kKnownFlags) != 0) return malformed("unknown flags");
  state.key_update_owed = (flags & kKeyUpdateOwed) != 0;
  state.read_closed = (flags & kReadClosed) != 0;
  state.write_closed = (flags & kWriteClosed) != 0;

  auto suite = decode_suite(version, suite_id);
  if (!suite) return pass_on(suite);
  state.suite = *suite;
  state.read.keying = tls::KeyingMaterial(reader.bytes(state.suite->keying_size()));
  state.write.keying = tls::KeyingMaterial(reader.bytes(state.suite->keying_size()));
  if (state.suite->explicit_nonce_size() != 0) state.next_explicit_nonce = reader.u64();
  if (!reader.ok()) return fail(ErrorCode::truncated, "the serialized connection ends inside its secrets");
  if (auto fields = decode_fields(reader, state); !fields) return pass_on(fields);
  if (auto valid = tls::validate(state); !valid) return pass_on(valid);
  return state;
}

}  // namespace baton::serialization
