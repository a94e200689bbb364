#include "serialization/s2n_v1.h"

#include <algorithm>

#include "crypto/random.h"

namespace baton::serialization {
namespace {

using tls::ConnectionState;
using tls::ProtocolVersion;

constexpr std::uint64_t kFormatVersion = 1;
constexpr std::size_t kFixedSize = 30;  // bytes: version … largest outgoing fragment
constexpr std::size_t kTls12SecretsSize = tls::kMasterSecretSize + 2 * tls::kRandomSize;

bool is_tls13(const tls::CipherSuite& suite) {
  return suite.version == ProtocolVersion::tls13;
}

tl::unexpected<Error> cannot_carry(const char* what) {
  return fail(ErrorCode::refused, std::string("s2n-tls's format cannot carry ") + what);
}

// Both ends of the format's sequence numbers are looked at: what could be read no more, or written no more,
// is not handed on.
Result<void> check_sequences(const ConnectionState& state) {
  // RFC 8446 §5.3 and RFC 5246 §6.1: sequence numbers must not wrap.
  if (state.read.sequence == UINT64_MAX) {
    return fail(ErrorCode::limit_exceeded, "the peer's key has protected as many records as it may");
  }
  return tls::check_room_to_send(state.version(), state.write.sequence);
}

Result<void> check_in_flight(const tls::InFlight& moving, bool key_update_owed) {
  if (moving.unread_plaintext > 0) return cannot_carry("plaintext: consume what next() shows");
  if (moving.unread_ciphertext > 0) {
    return cannot_carry(
        "bytes of the peer that are not opened: call next() until it asks for bytes, and read up to the end "
        "of "
        "a record");
  }
  if (moving.partial_handshake > 0) return cannot_carry("half a handshake message: read the rest of it");
  if (key_update_owed) return cannot_carry("a KeyUpdate that is owed: write, or call update_keys()");
  if (moving.unsent_ciphertext > 0) return cannot_carry("bytes that were not sent: send output()");
  return {};
}

Result<void> check_standing(const ConnectionState& state) {
  if (state.awaited) return cannot_carry("a connection that awaits its client's Finished");
  if (state.read_closed) return cannot_carry("a connection that the peer has closed");
  if (state.write_closed) return cannot_carry("a connection that we have closed");
  if (state.max_receive_fragment != tls::kMaxRecordPlaintext) {
    return cannot_carry("a limit on the records of the peer, and one was negotiated");
  }
  return check_sequences(state);
}

// R1: s2n-tls's explicit nonce is the sequence number, so it will use all from write.sequence on. Ours have
// counted without a gap, one with each record: where the next two are equal, so were all before, and those
// that are used lie below. In every other case the run that was used reaches, or lies, above; libssl's
// starts at random.
bool used_nonces_lie_below_the_sequence(const ConnectionState& state) {
  return state.suite->explicit_nonce_size() == 0 || state.next_explicit_nonce == state.write.sequence;
}

Result<void> check_tls12(const ConnectionState& state) {
  if (!used_nonces_lie_below_the_sequence(state)) {
    return fail(ErrorCode::refused,
                "s2n-tls would use the sequence number as the explicit nonce of AES-GCM, and this connection "
                "has used other ones, which it could meet: only a connection that began at s2n-tls can go "
                "there; use TLS 1.3, or ChaCha20-Poly1305");
  }
  if (!state.tls12_secrets) {
    return fail(ErrorCode::refused,
                "s2n-tls's format needs the master secret of TLS 1.2, which was not kept: set "
                "KeptMetadata::tls12_master_secret before the handshake");
  }
  return {};
}

tls::InFlight in_flight(const ConnectionState& state) {
  return {state.unread_ciphertext.size(), state.unread_plaintext.size(), state.unsent_ciphertext.size(),
          state.partial_handshake.size()};
}

// Refers to either direction by the side that sends in it.
struct Directions {
  tls::DirectionState& client;
  tls::DirectionState& server;
};

Directions directions_of(ConnectionState& state) {
  if (state.role == tls::Role::client) return {state.write, state.read};
  return {state.read, state.write};
}

// A resumption secret that nobody knows. With zeros, s2n-tls would issue tickets that anybody can open a
// session with.
Result<tls::KeyingMaterial> unknown_resumption_secret(std::size_t size) {
  tls::KeyingMaterial secret(size);
  if (auto filled = crypto::random_bytes(secret.data()); !filled) return pass_on(filled);
  return secret;
}

void encode_fixed_part(const ConnectionState& state, const Directions& directions, SecretBuffer& out) {
  ByteWriter writer(out);
  writer.u64(kFormatVersion);
  writer.u16(static_cast<std::uint16_t>(state.version()));  // 03 03 and 03 04: one digit each
  writer.u16(state.suite->id);
  writer.u64(directions.client.sequence);
  writer.u64(directions.server.sequence);
  writer.u16(state.max_send_fragment);
}

void encode_tls12_secrets(const tls::Tls12Secrets& secrets, SecretBuffer& out) {
  ByteWriter writer(out);
  writer.bytes(secrets.master.view());
  writer.bytes(secrets.client_random);
  writer.bytes(secrets.server_random);
}

Result<void> encode_tls13_secrets(const Directions& directions, SecretBuffer& out) {
  auto resumption = unknown_resumption_secret(directions.client.keying.size());
  if (!resumption) return pass_on(resumption);
  ByteWriter writer(out);
  writer.bytes(directions.client.keying.view());
  writer.bytes(directions.server.keying.view());
  writer.bytes(resumption->view());
  return {};
}

// --- and back ---

tl::unexpected<Error> malformed_s2n(const char* what) {
  return fail(ErrorCode::malformed, std::string("not a connection of s2n-tls: ") + what);
}

Result<void> check_versions(std::uint64_t format, std::uint16_t tls_version) {
  if (format != kFormatVersion) {
    return fail(ErrorCode::unsupported_version,
                "cannot read version " + std::to_string(format) + " of s2n-tls's format, only version 1");
  }
  if (tls_version != static_cast<std::uint16_t>(ProtocolVersion::tls12) &&
      tls_version != static_cast<std::uint16_t>(ProtocolVersion::tls13)) {
    return fail(ErrorCode::unsupported_version,
                "the connection of s2n-tls is neither TLS 1.2 nor TLS 1.3, which are all that Baton carries");
  }
  return {};
}

Result<const tls::CipherSuite*> decode_suite(std::uint16_t id, std::uint16_t tls_version) {
  const tls::CipherSuite* suite = tls::find_cipher_suite(id);
  if (suite == nullptr) {
    return fail(ErrorCode::refused,
                "Baton does not carry cipher suite " + std::to_string(id) + " of the connection of s2n-tls");
  }
  if (static_cast<std::uint16_t>(suite->version) != tls_version) {
    return malformed_s2n("the cipher suite does not belong to the TLS version");
  }
  return suite;
}

// Up to the secrets, which `reader` then stands before. The role is in the state already.
Result<void> decode_fixed_part(ByteReader& reader, ConnectionState& state) {
  const Directions directions = directions_of(state);
  const std::uint64_t format = reader.u64();
  const std::uint16_t tls_version = reader.u16();
  const std::uint16_t suite_id = reader.u16();
  directions.client.sequence = reader.u64();
  directions.server.sequence = reader.u64();
  state.max_send_fragment = reader.u16();
  if (!reader.ok()) return fail(ErrorCode::truncated, "the connection of s2n-tls ends inside its fixed part");
  if (auto known = check_versions(format, tls_version); !known) return known;
  auto suite = decode_suite(suite_id, tls_version);
  if (!suite) return pass_on(suite);
  state.suite = *suite;
  if (state.max_send_fragment < tls::kMinRecordPlaintext ||
      state.max_send_fragment > tls::kMaxRecordPlaintext) {
    return malformed_s2n("the largest outgoing fragment is out of range");
  }
  // R1: the first number of TLS 1.2 was each side's Finished; of a zero, the next record would use it again.
  if (!is_tls13(**suite) && (state.read.sequence == 0 || state.write.sequence == 0)) {
    return malformed_s2n("a sequence number of TLS 1.2 is 0, which the Finished has used");
  }
  return check_sequences(state);
}

Result<void> check_rest(std::size_t rest, const tls::CipherSuite& suite) {
  const std::size_t expected = s2n_v1_length(suite) - kFixedSize;
  if (rest < expected) {
    return fail(ErrorCode::truncated, "the connection of s2n-tls ends inside its secrets");
  }
  if (rest > expected) return malformed_s2n("bytes behind its end");
  return {};
}

Result<void> decode_tls12_secrets(ByteReader& reader, ConnectionState& state, MasterSecret master_secret) {
  tls::Tls12Secrets secrets;
  secrets.master = Secret<tls::kMasterSecretSize>(reader.bytes(tls::kMasterSecretSize));
  std::ranges::copy(reader.bytes(tls::kRandomSize), secrets.client_random.begin());
  std::ranges::copy(reader.bytes(tls::kRandomSize), secrets.server_random.begin());
  auto keying = tls::expand_tls12_keying(secrets, *state.suite);
  if (!keying) return pass_on(keying);
  const Directions directions = directions_of(state);
  directions.client.keying = std::move(keying->client);
  directions.server.keying = std::move(keying->server);
  // R1: as s2n-tls has done from the first record on.
  if (state.suite->explicit_nonce_size() != 0) state.next_explicit_nonce = state.write.sequence;
  if (master_secret == MasterSecret::kept) {
    state.tls12_secrets = std::make_unique<tls::Tls12Secrets>(std::move(secrets));
  }
  return {};
}

// The resumption secret behind them stays where it is: what is handed over continues this connection only
// (R3).
void decode_tls13_secrets(ByteReader& reader, ConnectionState& state) {
  const Directions directions = directions_of(state);
  directions.client.keying = tls::KeyingMaterial(reader.bytes(state.suite->keying_size()));
  directions.server.keying = tls::KeyingMaterial(reader.bytes(state.suite->keying_size()));
}

Result<void> decode(ByteView bytes, const Import& import, MasterSecret master_secret,
                    ConnectionState& state) {
  if (bytes.size() > import.policy.max_size) {
    return fail(ErrorCode::limit_exceeded,
                "the connection of s2n-tls is larger than the import policy allows");
  }
  state.role = import.role;
  ByteReader reader(bytes);
  if (auto fixed = decode_fixed_part(reader, state); !fixed) return fixed;
  if (auto rest = check_rest(reader.left(), *state.suite); !rest) return rest;
  if (auto accepted = check_import(state, import); !accepted) return accepted;
  if (is_tls13(*state.suite)) {
    decode_tls13_secrets(reader, state);
  } else if (auto secrets = decode_tls12_secrets(reader, state, master_secret); !secrets) {
    return secrets;
  }
  return tls::validate(state);
}

}  // namespace

std::size_t s2n_v1_length(const tls::CipherSuite& suite) {
  return kFixedSize + (is_tls13(suite) ? 3 * crypto::hash_size(suite.hash) : kTls12SecretsSize);
}

Result<void> can_write_s2n_v1(const ConnectionState& state, const tls::InFlight& moving) {
  if (auto standing = check_standing(state); !standing) return standing;
  if (auto empty = check_in_flight(moving, state.key_update_owed); !empty) return empty;
  if (state.version() == ProtocolVersion::tls12) return check_tls12(state);
  return {};
}

Result<SecretBuffer> serialize_s2n_v1_unprotected(ConnectionState&& state) {
  ConnectionState owned = std::move(state);  // destroyed, and so wiped, whatever happens next
  if (auto valid = tls::validate(owned); !valid) return pass_on(valid);
  if (auto can = can_write_s2n_v1(owned, in_flight(owned)); !can) return pass_on(can);
  SecretBuffer out;
  out.reserve(s2n_v1_length(*owned.suite));  // exact, so that growing leaves no copies
  const Directions directions = directions_of(owned);
  encode_fixed_part(owned, directions, out);
  if (!is_tls13(*owned.suite)) {
    encode_tls12_secrets(*owned.tls12_secrets, out);
  } else if (auto secrets = encode_tls13_secrets(directions, out); !secrets) {
    return pass_on(secrets);
  }
  return out;
}

Result<ConnectionState> deserialize_s2n_v1_unprotected(ByteView bytes, const Import& import,
                                                       MasterSecret master_secret) {
  Result<ConnectionState> state(tl::in_place);
  if (auto accepted = decode(bytes, import, master_secret, *state); !accepted) state = pass_on(accepted);
  return state;
}

}  // namespace baton::serialization
