// Authenticated encryption (RFC 5116), behind one small interface with a backend chosen once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"

namespace baton::crypto {

enum class AeadAlgorithm : std::uint8_t { aes_128_gcm, aes_256_gcm, chacha20_poly1305 };

inline constexpr std::size_t kAeadNonceSize = 12;  // bytes, all three algorithms
inline constexpr std::size_t kAeadTagSize = 16;    // bytes, all three algorithms

using AeadNonce = std::array<std::uint8_t, kAeadNonceSize>;

// 16 or 32 bytes.
std::size_t aead_key_size(AeadAlgorithm algorithm);

// One expanded key. Not thread-safe. The expanded key is wiped on destruction.
class AeadKey {
 public:
  AeadKey() = default;
  AeadKey(const AeadKey&) = delete;
  AeadKey& operator=(const AeadKey&) = delete;
  virtual ~AeadKey() = default;

  // Encrypts `text` followed by a tail into `sealed`, which is: room for the text; the tail, in place; room
  // for the tag. So a record is sealed out of its owner's memory, with a content type behind it and without a
  // copy. `text` either begins where `sealed` begins (all in place), or does not overlap it. The caller
  // answers for the nonce being new under this key (R1). False only when the library fails; `sealed` is then
  // undefined.
  [[nodiscard]] virtual bool seal_from(const AeadNonce& nonce, ByteView additional_data, ByteView text,
                                       MutableBytes sealed) = 0;

  // All in place: the last kAeadTagSize bytes of `text_and_tag` are room for the tag.
  [[nodiscard]] bool seal(const AeadNonce& nonce, ByteView additional_data, MutableBytes text_and_tag) {
    return seal_from(nonce, additional_data, text_and_tag.first(text_and_tag.size() - kAeadTagSize),
                     text_and_tag);
  }

  // Decrypts in place; the tag is the last kAeadTagSize bytes. False when it does not verify (in constant
  // time); the buffer is then undefined and must not be used.
  [[nodiscard]] virtual bool open(const AeadNonce& nonce, ByteView additional_data,
                                  MutableBytes text_and_tag) = 0;
};

// Expands `key`, which must have aead_key_size(algorithm) bytes; it is not kept. Errors: invalid_argument;
// those of aead_backend(); crypto.
Result<std::unique_ptr<AeadKey>> make_aead_key(AeadAlgorithm algorithm, ByteView key);

}  // namespace baton::crypto
