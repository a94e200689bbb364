#include "baton/key_ring.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/random.h"
#include "serialization/key_ring_text.h"

namespace baton {
namespace {

// A fresh key that is to join `ring`.
Result<RingKey> make_key(const KeyRing::Keys& ring, UnixTime now) {
  if (!is_in_range(now)) {
    return fail(ErrorCode::invalid_argument, "a key cannot be created outside the years 1970 to 9999");
  }
  RingKey key;
  key.created = now;
  key.secret = Secret<RingKey::kSecretSize>(RingKey::kSecretSize);
  if (auto filled = crypto::random_bytes(key.id); !filled) return pass_on(filled);
  if (auto filled = crypto::random_bytes(key.secret.data()); !filled) return pass_on(filled);
  // 64 random bits do not meet by chance.
  if (find_key(ring, key.id) != nullptr)
    return fail(ErrorCode::crypto, "the random generator repeats itself");
  return key;
}

}  // namespace

std::string_view to_string(KeyState state) {
  switch (state) {
    case KeyState::next:
      return "next";
    case KeyState::current:
      return "current";
    case KeyState::previous:
      return "previous";
  }
  return "unknown";
}

KeyState state_at(std::size_t place) {
  if (place == 0) return KeyState::next;
  return place == 1 ? KeyState::current : KeyState::previous;
}

const RingKey* find_key(const KeyRing::Keys& keys, const KeyId& id) {
  const auto found = std::ranges::find(keys.list, id, &RingKey::id);
  return found != keys.list.end() ? &*found : nullptr;
}

KeyRing::KeyRing(std::unique_ptr<Keys> keys) : keys_(std::move(keys)) {}
KeyRing::KeyRing(KeyRing&&) noexcept = default;
KeyRing& KeyRing::operator=(KeyRing&&) noexcept = default;
KeyRing::~KeyRing() = default;

Result<KeyRing> KeyRing::create(UnixTime now) {
  auto keys = std::make_unique<Keys>();
  while (keys->list.size() < 2) {
    auto key = make_key(*keys, now);
    if (!key) return pass_on(key);
    keys->list.push_back(std::move(*key));
  }
  return KeyRing(std::move(keys));
}

Result<KeyRing> KeyRing::parse_unprotected(ByteView text, std::string_view source) {
  auto keys = serialization::parse_key_ring(text, source);
  if (!keys) return pass_on(keys);
  return KeyRing(std::make_unique<Keys>(std::move(*keys)));
}

SecretBuffer KeyRing::to_text_unprotected() const {
  return serialization::print_key_ring(*keys_);
}

Result<void> KeyRing::rotate(UnixTime now) {
  if (keys_->list.size() >= kMaxKeys) {
    return fail(ErrorCode::limit_exceeded, "the key ring is full with " + std::to_string(kMaxKeys) +
                                               " keys; retire a previous one first");
  }
  auto key = make_key(*keys_, now);
  if (!key) return pass_on(key);
  keys_->list.insert(keys_->list.begin(), std::move(*key));  // every other key moves on to its next state
  return {};
}

Result<void> KeyRing::retire(std::string_view id) {
  KeyId wanted{};
  // What is not an id is not quoted: it may be a secret that was pasted in the wrong place.
  if (!serialization::parse_key_id(id, wanted)) {
    return fail(ErrorCode::unknown_key, "a key id has 16 hexadecimal digits, in lower case");
  }
  const auto found = std::ranges::find(keys_->list, wanted, &RingKey::id);
  if (found == keys_->list.end()) {
    return fail(ErrorCode::unknown_key, "the key ring has no key " + to_hex(wanted));
  }
  const KeyState state = state_at(static_cast<std::size_t>(found - keys_->list.begin()));
  if (state != KeyState::previous) {
    return fail(ErrorCode::refused, "key " + to_hex(wanted) + " is the " + std::string(to_string(state)) +
                                        " one; only previous keys can be retired");
  }
  keys_->list.erase(found);
  return {};
}

std::vector<KeyInfo> KeyRing::keys() const {
  std::vector<KeyInfo> infos;
  for (const RingKey& key : keys_->list) {
    infos.push_back({to_hex(key.id), state_at(infos.size()), key.created});
  }
  return infos;
}

}  // namespace baton
