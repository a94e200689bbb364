#include "serialization/format_v1.h"

#include "serialization/v1_fields.h"

namespace baton::serialization {
namespace {

using tls::ConnectionState;

// Bits of the flags byte.
constexpr std::uint8_t kKeyUpdateOwed = 1;
constexpr std::uint8_t kReadClosed = 2;
constexpr std::uint8_t kWriteClosed = 4;
constexpr std::uint8_t kKnownFlags = kKeyUpdateOwed | kReadClosed | kWriteClosed;

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
  return kFixedSize + 2 * state.suite->keying_size() + state.suite->explicit_nonce_size() +
         v1_fields_length(state);
}

void encode_v1(const ConnectionState& state, SecretBuffer& out) {
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(state.role));
  writer.u8(static_cast<std::uint8_t>(state.phase()));
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
  encode_v1_fields(state, out);
}

Result<void> decode_v1(ByteReader& reader, ConnectionState& state) {
  state.role = static_cast<tls::Role>(reader.u8());
  const auto phase = static_cast<tls::Phase>(reader.u8());
  const std::uint8_t flags = reader.u8();
  const std::uint16_t version = reader.u16();
  const std::uint16_t suite_id = reader.u16();
  state.max_send_fragment = reader.u16();
  state.max_receive_fragment = reader.u16();
  state.read.sequence = reader.u64();
  state.write.sequence = reader.u64();
  if (!reader.ok()) return fail(ErrorCode::truncated, "the serialized connection ends inside its fixed part");
  if (phase > tls::Phase::awaiting_client_finished) return malformed("unknown phase");
  if (phase == tls::Phase::awaiting_client_finished) state.awaited = std::make_unique<tls::AwaitedFinished>();
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
  if (auto fields = decode_v1_fields(reader, state); !fields) return fields;
  return tls::validate(state);
}

}  // namespace baton::serialization
