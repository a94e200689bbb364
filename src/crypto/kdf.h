// The key derivations of TLS: HKDF-Expand-Label (RFC 8446 §7.1) and the TLS 1.2 PRF (RFC 5246 §5).
#pragma once

#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace baton::crypto {

enum class HashAlgorithm : std::uint8_t { sha256, sha384 };

inline constexpr std::size_t kMaxHashSize = 48;  // bytes

// 32 or 48 bytes.
std::size_t hash_size(HashAlgorithm hash);

// HKDF-Expand-Label(secret, label, context, out.size()). `label` is without the "tls13 " prefix, at most
// kMaxLabelSize bytes, `context` at most 255, `out` at most 255 hashes. Errors: invalid_argument, crypto.
inline constexpr std::size_t kMaxLabelSize = 249;  // bytes: 255 less the prefix
[[nodiscard]] Result<void> hkdf_expand_label(HashAlgorithm hash, ByteView secret, std::string_view label,
                                             ByteView context, MutableBytes out);

// Several expansions of one secret, whose HMAC key schedule is done once: the keys and IVs that TLS derives.
struct HkdfOutput {
  std::string_view label;
  ByteView context;
  MutableBytes out;
};
[[nodiscard]] Result<void> hkdf_expand_labels(HashAlgorithm hash, ByteView secret,
                                              std::span<const HkdfOutput> outputs);

// PRF(secret, label, seed_a + seed_b) of TLS 1.2.
[[nodiscard]] Result<void> tls12_prf(HashAlgorithm hash, ByteView secret, std::string_view label,
                                     ByteView seed_a, ByteView seed_b, MutableBytes out);

// HMAC (RFC 2104); `out` must have hash_size(hash) bytes.
[[nodiscard]] Result<void> hmac(HashAlgorithm hash, ByteView key, ByteView data, MutableBytes out);

// The hash of `data`; `out` must have hash_size(hash) bytes.
[[nodiscard]] Result<void> digest(HashAlgorithm hash, ByteView data, MutableBytes out);

}  // namespace baton::crypto
