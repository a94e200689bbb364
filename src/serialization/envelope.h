// The bytes of an envelope, version 1: docs/sealed-connections.md, byte by byte. What it means to open one is
// sealed.cc's business.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "serialization/key_ring_text.h"
#include "serialization/sealed.h"

namespace baton::serialization {

inline constexpr std::uint32_t kEnvelopeMagic = 0x42415453;                   // "BATS"
inline constexpr std::size_t kEnvelopeHeaderSize = 4 + 2 + 8 + 32 + 4;        // magic … ciphertext length
inline constexpr std::size_t kMaxEnvelopeName = 255;                          // bytes: purpose, and audience
inline constexpr std::size_t kFixedContentSize = 16 + 8 + 8 + 1 + 1 + 1 + 4;  // all but texts and connection
inline constexpr std::chrono::seconds kMaxEnvelopeLifetime = std::chrono::days(365);

// The size of the plaintext for this much content: 1024 bytes or a larger power of two. So the size of an
// envelope does not tell the suite, the names or whether a certificate digest is in it; an idle connection
// looks like every other.
constexpr std::size_t padded_size(std::size_t content_size) {
  constexpr std::size_t kSmallest = 1024;
  return std::max(kSmallest, std::bit_ceil(content_size));
}

inline constexpr std::size_t kMaxEnvelopeSize =
    kEnvelopeHeaderSize + padded_size(kFixedContentSize + 2 * kMaxEnvelopeName + kMaxSerializedSize) +
    crypto::kAeadTagSize;

using EnvelopeSalt = std::array<std::uint8_t, 32>;

// An envelope cut into its parts. The views are into it.
struct EnvelopeParts {
  KeyId key_id;
  EnvelopeSalt salt;
  std::size_t ciphertext_size;  // that the header tells, tag included; one that a writer can write
  ByteView header;
  ByteView rest;  // what stands behind the header
};

// Cuts an envelope of which at least the header is there. Errors: truncated, malformed, unsupported_version,
// limit_exceeded.
[[nodiscard]] Result<EnvelopeParts> parse_envelope_header(ByteView envelope);
// The same, and the rest must be the ciphertext, no less (truncated) and no more (malformed).
[[nodiscard]] Result<EnvelopeParts> parse_envelope(ByteView envelope);

// Content, padded, with room for the tag behind it. Purpose and audience have 1 to 255 bytes.
SecretBuffer encode_envelope_content(const EnvelopeInfo& info, ByteView connection);

struct EnvelopeContent {
  EnvelopeInfo info;
  ByteView connection;  // into the plaintext
};
// Error: malformed.
[[nodiscard]] Result<EnvelopeContent> decode_envelope_content(ByteView plaintext);

// Encrypts a plaintext of a padded size. The salt must be new (R1): it decides key and nonce. Error: crypto.
[[nodiscard]] Result<Bytes> encrypt_envelope(const RingKey& key, const EnvelopeSalt& salt,
                                             SecretBuffer plaintext);
// The plaintext of what parse_envelope gave. Errors: bad_seal, crypto.
[[nodiscard]] Result<SecretBuffer> decrypt_envelope(const EnvelopeParts& parts, const RingKey& key);

}  // namespace baton::serialization
