// The keys of a ring, and the text that they are kept in (docs/key-ring-format.md).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "base/unix_time.h"
#include "baton/key_ring.h"

namespace baton {

using KeyId = std::array<std::uint8_t, 8>;  // random; not a secret

struct RingKey {
  static constexpr std::size_t kSecretSize = 32;  // bytes

  KeyId id{};
  UnixTime created{};
  Secret<kSecretSize> secret;  // uniformly random
};

// Newest first, so that a key's place tells its state. A whole ring has at least next and current.
struct KeyRing::Keys {
  std::vector<RingKey> list;

  const RingKey& current() const { return list[1]; }
};

// Null when the ring has no such key.
const RingKey* find_key(const KeyRing::Keys& keys, const KeyId& id);

KeyState state_at(std::size_t place);

}  // namespace baton

namespace baton::serialization {

// See KeyRing::parse_unprotected and to_text_unprotected. The secrets of `text` are copied into the keys
// only.
[[nodiscard]] Result<KeyRing::Keys> parse_key_ring(ByteView text, std::string_view source);
SecretBuffer print_key_ring(const KeyRing::Keys& keys);

// 16 lower-case hexadecimal digits.
[[nodiscard]] bool parse_key_id(std::string_view text, KeyId& id);

}  // namespace baton::serialization
