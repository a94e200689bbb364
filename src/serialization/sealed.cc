#include "serialization/sealed.h"

#include "crypto/random.h"
#include "serialization/envelope.h"

namespace baton::serialization {
namespace {

// Text from an envelope for a message: whatever is not printable is written as \xNN.
std::string printable(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter >= ' ' && letter <= '~' && letter != '\\' && letter != '\'') {
      out.push_back(letter);
    } else {
      out += "\\x" + to_hex(as_bytes({&letter, 1}));
    }
  }
  return "'" + out + "'";
}

std::string text_of(UnixTime time) {
  return std::to_string(time.time_since_epoch().count());
}

// What was sealed, decrypted and decoded.
struct Unsealed {
  SecretBuffer plaintext;
  EnvelopeContent content;  // its views are into `plaintext`
};

Result<Unsealed> unseal(ByteView envelope, const KeyRing& keys) {
  auto parts = parse_envelope(envelope);
  if (!parts) return pass_on(parts);
  const RingKey* key = find_key(keys.internal(), parts->key_id);
  if (key == nullptr) {
    return fail(ErrorCode::unknown_key, "the envelope is sealed under key " + to_hex(parts->key_id) +
                                            ", which is not in the key ring");
  }
  auto plaintext = decrypt_envelope(*parts, *key);
  if (!plaintext) return pass_on(plaintext);
  auto content = decode_envelope_content(*plaintext);
  if (!content) return pass_on(content);
  return Unsealed{std::move(*plaintext), std::move(*content)};
}

// Whether the envelope is for this audience, purpose and role.
Result<void> check_addressee(const EnvelopeInfo& info, const SealOptions& options, Role role) {
  if (info.audience != options.audience) {
    return fail(ErrorCode::wrong_audience, "the envelope is for audience " + printable(info.audience) +
                                               ", and this is " + printable(options.audience));
  }
  if (info.purpose != options.purpose) {
    return fail(ErrorCode::wrong_purpose, "the envelope was sealed for purpose " + printable(info.purpose) +
                                              ", and " + printable(options.purpose) + " is expected");
  }
  if (info.role != role) {
    return fail(ErrorCode::wrong_role, "the envelope holds a " + std::string(to_string(info.role)) +
                                           "'s connection; a " + std::string(to_string(role)) +
                                           "'s is expected");
  }
  return {};
}

// The times of an envelope are bounded, so nothing here overflows; those of the caller are only compared.
Result<void> check_time(const EnvelopeInfo& info, std::chrono::seconds max_clock_skew, UnixTime now) {
  if (info.sealed_at - max_clock_skew > now) {
    return fail(ErrorCode::not_yet_valid, "the envelope was sealed at " + text_of(info.sealed_at) +
                                              ", and it is " + text_of(now) +
                                              "; compare the clocks of the two machines");
  }
  if (info.expires_at <= now) {
    return fail(ErrorCode::expired,
                "the envelope expired at " + text_of(info.expires_at) + ", and it is " + text_of(now));
  }
  return {};
}

Result<void> check_lifetime(const EnvelopeInfo& info) {
  const auto lifetime = info.expires_at - info.sealed_at;
  if (lifetime > std::chrono::seconds(0) && lifetime <= kMaxEnvelopeLifetime) return {};
  return fail(ErrorCode::malformed, "not an envelope: its lifetime is not from 1 second to 365 days");
}

tl::unexpected<Error> contradictory_role() {
  return fail(ErrorCode::malformed, "not an envelope: the connection in it has another role than it says");
}

}  // namespace

Result<void> can_seal(const Seal& seal, UnixTime now) {
  if (is_in_range(now) && now <= kLatestTime - seal.options().lifetime) return {};
  return fail(ErrorCode::invalid_argument, "the time of sealing is outside the years 1970 to 9999");
}

Result<Bytes> seal(tls::ConnectionState&& state, SerializationVersion version, const Seal& seal,
                   UnixTime now) {
  const SealOptions& options = seal.options();
  EnvelopeInfo info{{}, now, {}, state.role, options.purpose, options.audience};
  auto connection = serialize_unprotected(std::move(state), version);
  if (!connection) return pass_on(connection);
  if (auto can = can_seal(seal, now); !can) return pass_on(can);
  info.expires_at = now + options.lifetime;
  EnvelopeSalt salt{};
  if (auto filled = crypto::random_bytes(info.claim_id); !filled) return pass_on(filled);
  if (auto filled = crypto::random_bytes(salt); !filled) return pass_on(filled);
  return encrypt_envelope(seal.keys().internal().current(), salt, encode_envelope_content(info, *connection));
}

Result<tls::ConnectionState> open(ByteView envelope, const Seal& seal, const Import& import) {
  auto unsealed = unseal(envelope, seal.keys());
  if (!unsealed) return pass_on(unsealed);
  const EnvelopeInfo& info = unsealed->content.info;
  const SealOptions& options = seal.options();
  if (auto ours = check_addressee(info, options, import.role); !ours) return pass_on(ours);
  if (auto in_time = check_time(info, options.max_clock_skew, import.now); !in_time) return pass_on(in_time);
  if (auto sane = check_lifetime(info); !sane) return pass_on(sane);
  auto state = deserialize_unprotected(unsealed->content.connection, import);
  if (!state) {
    // The envelope has the role that is expected, so a connection of another role contradicts it.
    return state.error().code == ErrorCode::wrong_role ? contradictory_role() : pass_on(state);
  }
  if (auto claimed = seal.claims().claim(info.claim_id, info.expires_at, import.now); !claimed) {
    return pass_on(claimed);
  }
  return state;
}

Result<EnvelopeHeader> read_envelope_header(ByteView envelope) {
  auto parts = parse_envelope_header(envelope);
  if (!parts) return pass_on(parts);
  return EnvelopeHeader{kNewestEnvelope, to_hex(parts->key_id), parts->ciphertext_size};
}

bool looks_sealed(ByteView bytes) {
  return ByteReader(bytes).u32() == kEnvelopeMagic;
}

Result<Inspected> inspect_unprotected(ByteView envelope, const KeyRing& keys) {
  auto unsealed = unseal(envelope, keys);
  if (!unsealed) return pass_on(unsealed);
  EnvelopeInfo& info = unsealed->content.info;
  if (auto sane = check_lifetime(info); !sane) return pass_on(sane);
  auto state = deserialize_unprotected(unsealed->content.connection);
  if (!state) return pass_on(state);
  if (state->role != info.role) return contradictory_role();
  return Inspected{std::move(info), std::move(*state)};
}

}  // namespace baton::serialization
