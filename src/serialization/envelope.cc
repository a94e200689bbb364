#include "serialization/envelope.h"

#include "crypto/kdf.h"

namespace baton::serialization {
namespace {

// What one envelope is encrypted with.
struct EnvelopeKey {
  std::unique_ptr<crypto::AeadKey> key;
  crypto::AeadNonce nonce{};
};

// The ring's key is uniformly random, so it is a pseudorandom key as it stands (RFC 5869 §3.3), and HKDF's
// extract step is left out. A salt of 256 bits gives each envelope a key of its own, so no count of envelopes
// under one key of the ring comes near the limits of AES-GCM.
Result<EnvelopeKey> derive(const RingKey& ring_key, const EnvelopeSalt& salt) {
  constexpr auto kAlgorithm = crypto::AeadAlgorithm::aes_256_gcm;
  constexpr std::size_t kKeySize = 32;
  Secret<kKeySize + crypto::kAeadNonceSize> material(kKeySize + crypto::kAeadNonceSize);
  if (auto expanded = crypto::hkdf_expand_label(crypto::HashAlgorithm::sha256, ring_key.secret.view(),
                                                "envelope", salt, material.data());
      !expanded) {
    return pass_on(expanded);
  }
  auto key = crypto::make_aead_key(kAlgorithm, material.view().first(kKeySize));
  if (!key) return pass_on(key);
  EnvelopeKey derived{std::move(*key)};
  std::ranges::copy(material.view().subspan(kKeySize), derived.nonce.begin());
  return derived;
}

// Whether a writer can write a ciphertext of this size.
bool is_ciphertext_size(std::size_t size) {
  if (size < crypto::kAeadTagSize || size > kMaxEnvelopeSize - kEnvelopeHeaderSize) return false;
  const std::size_t plaintext_size = size - crypto::kAeadTagSize;
  return plaintext_size == padded_size(plaintext_size);
}

void put_header(const KeyId& key_id, const EnvelopeSalt& salt, std::size_t ciphertext_size, Bytes& out) {
  ByteWriter writer(out);
  writer.u32(kEnvelopeMagic);
  writer.u16(kNewestEnvelope);
  writer.bytes(key_id);
  writer.bytes(salt);
  writer.u32(static_cast<std::uint32_t>(ciphertext_size));
}

std::uint64_t seconds_of(UnixTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

// A time beyond what a clock of 64 bits holds is as far out of range as any other.
UnixTime time_of(std::uint64_t seconds) {
  return UnixTime(
      std::chrono::seconds(static_cast<std::int64_t>(std::min<std::uint64_t>(seconds, INT64_MAX))));
}

[[nodiscard]] tl::unexpected<Error> bad_content(const char* what) {
  return fail(ErrorCode::malformed, std::string("not the content of an envelope: ") + what);
}

}  // namespace

Result<EnvelopeParts> parse_envelope_header(ByteView envelope) {
  const auto truncated = [] { return fail(ErrorCode::truncated, "the envelope ends inside its header"); };
  if (envelope.size() > kMaxEnvelopeSize) return fail(ErrorCode::limit_exceeded, "larger than any envelope");
  ByteReader reader(envelope);
  const std::uint32_t magic = reader.u32();
  if (!reader.ok()) return truncated();
  if (magic != kEnvelopeMagic) return fail(ErrorCode::malformed, "not an envelope: wrong magic number");
  const std::uint16_t version = reader.u16();
  if (!reader.ok()) return truncated();
  if (version != kNewestEnvelope) {
    return fail(ErrorCode::unsupported_version, "cannot read envelope version " + std::to_string(version) +
                                                    ", newest known is " + std::to_string(kNewestEnvelope));
  }
  EnvelopeParts parts{};
  const ByteView key_id = reader.bytes(parts.key_id.size());
  const ByteView salt = reader.bytes(parts.salt.size());
  parts.ciphertext_size = reader.u32();
  if (!reader.ok()) return truncated();
  if (!is_ciphertext_size(parts.ciphertext_size)) {
    return fail(ErrorCode::malformed, "not an envelope: no ciphertext has this size");
  }
  std::ranges::copy(key_id, parts.key_id.begin());
  std::ranges::copy(salt, parts.salt.begin());
  parts.header = envelope.first(kEnvelopeHeaderSize);
  parts.rest = reader.remaining();
  return parts;
}

Result<EnvelopeParts> parse_envelope(ByteView envelope) {
  auto parts = parse_envelope_header(envelope);
  if (!parts) return parts;
  if (parts->rest.size() < parts->ciphertext_size) {
    return fail(ErrorCode::truncated, "the envelope ends inside its ciphertext");
  }
  if (parts->rest.size() > parts->ciphertext_size) {
    return fail(ErrorCode::malformed, "the envelope has bytes behind its end");
  }
  return parts;
}

SecretBuffer encode_envelope_content(const EnvelopeInfo& info, ByteView connection) {
  const std::size_t content_size =
      kFixedContentSize + info.purpose.size() + info.audience.size() + connection.size();
  SecretBuffer out;
  out.reserve(padded_size(content_size) + crypto::kAeadTagSize);  // so that growing leaves no copies
  ByteWriter writer(out);
  writer.bytes(info.claim_id);
  writer.u64(seconds_of(info.sealed_at));
  writer.u64(seconds_of(info.expires_at));
  writer.u8(static_cast<std::uint8_t>(info.role));
  writer.u8(static_cast<std::uint8_t>(info.purpose.size()));
  writer.bytes(as_bytes(info.purpose));
  writer.u8(static_cast<std::uint8_t>(info.audience.size()));
  writer.bytes(as_bytes(info.audience));
  writer.u32(static_cast<std::uint32_t>(connection.size()));
  writer.bytes(connection);
  out.resize(padded_size(content_size));
  return out;
}

Result<EnvelopeContent> decode_envelope_content(ByteView plaintext) {
  ByteReader reader(plaintext);
  EnvelopeContent content{};
  EnvelopeInfo& info = content.info;
  const ByteView claim_id = reader.bytes(info.claim_id.size());
  info.sealed_at = time_of(reader.u64());
  info.expires_at = time_of(reader.u64());
  const std::uint8_t role = reader.u8();
  info.purpose = as_text(reader.bytes(reader.u8()));
  info.audience = as_text(reader.bytes(reader.u8()));
  content.connection = reader.bytes(reader.u32());
  if (!reader.ok()) return bad_content("it ends too early");
  const ByteView padding = reader.remaining();
  if (plaintext.size() != padded_size(plaintext.size() - padding.size())) {
    return bad_content("it is not padded to its size");
  }
  if (!std::ranges::all_of(padding, [](std::uint8_t byte) { return byte == 0; })) {
    return bad_content("its padding is not zero");
  }
  if (!is_in_range(info.sealed_at) || !is_in_range(info.expires_at))
    return bad_content("a time is out of range");
  if (role > static_cast<std::uint8_t>(Role::client)) return bad_content("unknown role");
  if (info.purpose.empty() || info.audience.empty()) return bad_content("no purpose or no audience");
  info.role = static_cast<Role>(role);
  std::ranges::copy(claim_id, info.claim_id.begin());
  return content;
}

Result<Bytes> encrypt_envelope(const RingKey& key, const EnvelopeSalt& salt, SecretBuffer plaintext) {
  auto derived = derive(key, salt);
  if (!derived) return pass_on(derived);
  const std::size_t ciphertext_size = plaintext.size() + crypto::kAeadTagSize;
  Bytes envelope;
  envelope.reserve(kEnvelopeHeaderSize + ciphertext_size);
  put_header(key.id, salt, ciphertext_size, envelope);
  plaintext.resize(ciphertext_size);
  if (!derived->key->seal(derived->nonce, envelope, plaintext)) {
    return fail(ErrorCode::crypto, "cannot encrypt the envelope");
  }
  append(envelope, plaintext);
  return envelope;
}

Result<SecretBuffer> decrypt_envelope(const EnvelopeParts& parts, const RingKey& key) {
  auto derived = derive(key, parts.salt);
  if (!derived) return pass_on(derived);
  SecretBuffer text(parts.rest.begin(), parts.rest.end());
  // One answer for every cause, which an attacker learns nothing from.
  if (!derived->key->open(derived->nonce, parts.header, text)) {
    return fail(ErrorCode::bad_seal, "the seal does not verify: the envelope was altered, or is not ours");
  }
  text.resize(text.size() - crypto::kAeadTagSize);
  return text;
}

}  // namespace baton::serialization
