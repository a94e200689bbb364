#include "serialization/v1_fields.h"

#include <algorithm>
#include <array>

#include "base/unix_time.h"

namespace baton::serialization {
namespace {

using tls::ConnectionState;

constexpr std::uint16_t kMustUnderstand = 0x8000;
constexpr std::size_t kFieldHeaderSize = 6;  // type, uint32 length
constexpr std::size_t kMaxNameSize =
    255;  // bytes: a host name (RFC 1035 §2.3.4), an ALPN protocol (RFC 7301 §3.1)
constexpr std::size_t kMaxUnknownFields = 64;

// Optional fields. A field that describes something which later records change carries the must-understand
// bit.
enum FieldType : std::uint16_t {
  unread_ciphertext = 1 | kMustUnderstand,
  unread_plaintext = 2 | kMustUnderstand,
  unsent_ciphertext = 3 | kMustUnderstand,
  partial_handshake = 4 | kMustUnderstand,
  deferred_ciphertext = 5 | kMustUnderstand,
  client_handshake_secret = 6 | kMustUnderstand,
  finished_verify_data = 7 | kMustUnderstand,
  server_name = 16,
  alpn = 17,
  group = 18,
  resumed = 19,
  peer_digest = 20,
  peer_chain = 21,
  exporter_secret = 22,
  handshake_time = 23,
};
constexpr std::array kKnownTypes = {unread_ciphertext,
                                    unread_plaintext,
                                    unsent_ciphertext,
                                    partial_handshake,
                                    deferred_ciphertext,
                                    client_handshake_secret,
                                    finished_verify_data,
                                    server_name,
                                    alpn,
                                    group,
                                    resumed,
                                    peer_digest,
                                    peer_chain,
                                    exporter_secret,
                                    handshake_time};

constexpr std::uint16_t number_of(std::uint16_t type) {
  return type & static_cast<std::uint16_t>(~kMustUnderstand);
}

struct Field {
  std::uint16_t type;
  ByteView value;
};

template <std::size_t size>
std::array<std::uint8_t, size> big_endian(std::uint64_t value) {
  std::array<std::uint8_t, size> bytes{};
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
  return bytes;
}

// Every certificate with its length in front.
Bytes encode_chain(const std::vector<Bytes>& chain) {
  Bytes out;
  ByteWriter writer(out);
  for (const Bytes& certificate : chain) {
    writer.u24(static_cast<std::uint32_t>(certificate.size()));
    writer.bytes(certificate);
  }
  return out;
}

Result<std::vector<Bytes>> decode_chain(ByteView value) {
  std::vector<Bytes> chain;
  ByteReader reader(value);
  while (reader.left() > 0) {
    const ByteView certificate = reader.bytes(reader.u24());
    if (!reader.ok() || certificate.empty() || chain.size() == tls::kMaxPeerCertificates) {
      return malformed("the peer's certificate chain is damaged");
    }
    chain.emplace_back(certificate.begin(), certificate.end());
  }
  return chain;
}

std::uint64_t seconds_of(UnixTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

Result<UnixTime> decode_time(ByteView value) {
  if (value.size() != sizeof(std::uint64_t)) return malformed("a time does not have eight bytes");
  const std::uint64_t seconds = ByteReader(value).u64();
  if (seconds > seconds_of(kLatestTime)) return malformed("a time is out of range");
  return UnixTime(std::chrono::seconds(seconds));
}

// Shows fields in ascending order of their numbers, the unknown ones of a state between the known.
template <class Show>
class FieldOrder {
 public:
  FieldOrder(const std::vector<tls::UnknownField>& unknown, Show show) : unknown_(unknown), show_(show) {}

  void known(std::uint16_t type, ByteView value) {
    if (value.empty()) return;
    unknown_below(number_of(type));
    show_(Field{type, value});
  }
  void unknown_below(std::uint16_t number) {
    for (; next_ < unknown_.size() && number_of(unknown_[next_].type) < number; ++next_) {
      show_(Field{unknown_[next_].type, unknown_[next_].value});
    }
  }

 private:
  const std::vector<tls::UnknownField>& unknown_;
  Show show_;
  std::size_t next_ = 0;
};

// Calls `show` with every field that the state has. Its values live during the call.
template <class Show>
void for_each_field(const ConnectionState& state, Show show) {
  FieldOrder fields(state.unknown_fields, show);
  fields.known(unread_ciphertext, state.unread_ciphertext);
  fields.known(unread_plaintext, state.unread_plaintext);
  fields.known(unsent_ciphertext, state.unsent_ciphertext);
  fields.known(partial_handshake, state.partial_handshake);
  if (state.awaited) {
    fields.known(deferred_ciphertext, state.awaited->deferred_ciphertext);
    fields.known(client_handshake_secret, state.awaited->client_handshake_secret.view());
    fields.known(finished_verify_data, state.awaited->verify_data.view());
  }
  fields.known(server_name, as_bytes(state.server_name));
  fields.known(alpn, as_bytes(state.alpn));
  if (state.group) fields.known(group, big_endian<2>(*state.group));
  if (state.resumed) fields.known(resumed, big_endian<1>(*state.resumed ? 1 : 0));
  if (state.peer_digest) fields.known(peer_digest, *state.peer_digest);
  if (!state.peer_chain.empty()) fields.known(peer_chain, encode_chain(state.peer_chain));
  fields.known(exporter_secret, state.exporter_secret.view());
  if (state.handshake_time) fields.known(handshake_time, big_endian<8>(seconds_of(*state.handshake_time)));
  fields.unknown_below(kMustUnderstand);
}

// Must-understand fields that this build does not know are refused, others are carried on unchanged.
Result<void> keep_unknown(const Field& field, ConnectionState& state) {
  if (field.value.empty()) return malformed("a field is empty");
  const bool known_number = std::ranges::any_of(
      kKnownTypes, [&](std::uint16_t type) { return number_of(type) == number_of(field.type); });
  if (known_number) return malformed("a field has a wrong must-understand bit");
  if ((field.type & kMustUnderstand) != 0) {
    return fail(ErrorCode::unknown_field,
                "the serialized connection has field " + std::to_string(number_of(field.type)) +
                    ", which must be understood and is not known to this version of Baton");
  }
  if (state.unknown_fields.size() == kMaxUnknownFields) return malformed("too many fields");
  state.unknown_fields.push_back({field.type, SecretBuffer(field.value.begin(), field.value.end())});
  return {};
}

// The fields of the phase before the client's Finished. Their sizes are the cipher suite's business: see
// validate().
Result<void> set_awaited(const Field& field, ConnectionState& state) {
  if (!state.awaited) return malformed("a field of a connection that awaits its client's Finished");
  if (field.value.empty()) return malformed("a field is empty");
  if (field.type == deferred_ciphertext) {
    state.awaited->deferred_ciphertext.assign(field.value.begin(), field.value.end());
    return {};
  }
  if (field.value.size() > tls::KeyingMaterial::kCapacity) return malformed("a secret is too long");
  (field.type == client_handshake_secret ? state.awaited->client_handshake_secret
                                         : state.awaited->verify_data) = tls::KeyingMaterial(field.value);
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
    case deferred_ciphertext:
    case client_handshake_secret:
    case finished_verify_data:
      return set_awaited(field, state);
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
    case peer_digest:
      state.peer_digest.emplace();
      if (value.size() != state.peer_digest->size()) return malformed("a digest does not have 32 bytes");
      std::ranges::copy(value, state.peer_digest->begin());
      break;
    case peer_chain: {
      auto chain = decode_chain(value);
      if (!chain) return pass_on(chain);
      state.peer_chain = std::move(*chain);
      break;
    }
    case exporter_secret:
      // Its exact size is the cipher suite's business: see validate().
      if (value.size() > tls::KeyingMaterial::kCapacity) return malformed("the exporter secret is too long");
      state.exporter_secret = tls::KeyingMaterial(value);
      break;
    case handshake_time: {
      auto time = decode_time(value);
      if (!time) return pass_on(time);
      state.handshake_time = *time;
      break;
    }
    default:
      return keep_unknown(field, state);
  }
  // One encoding per value: what is empty is left out.
  if (value.empty()) return malformed("a field is empty");
  return {};
}

}  // namespace

std::size_t v1_field_size(std::size_t value_size) {
  return value_size == 0 ? 0 : kFieldHeaderSize + value_size;
}

std::size_t v1_fields_length(const ConnectionState& state) {
  std::size_t length = 0;
  for_each_field(state, [&](const Field& field) { length += v1_field_size(field.value.size()); });
  return length;
}

void encode_v1_fields(const ConnectionState& state, SecretBuffer& out) {
  ByteWriter writer(out);
  for_each_field(state, [&](const Field& field) {
    writer.u16(field.type);
    writer.u32(static_cast<std::uint32_t>(field.value.size()));
    writer.bytes(field.value);
  });
}

Result<void> decode_v1_fields(ByteReader& reader, ConnectionState& state) {
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

}  // namespace baton::serialization
