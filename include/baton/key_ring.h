// The keys under which connections are sealed, and their rotation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "baton/bytes.h"
#include "baton/error.h"
#include "baton/export.h"
#include "baton/secret.h"
#include "baton/types.h"

namespace baton {

// What a key of a ring is for. All of them open envelopes.
enum class KeyState : std::uint8_t {
  next,     // seals after the next rotation; it is here early so that every host has it by then
  current,  // seals
  previous  // sealed before
};
// "next", "current", "previous".
BATON_EXPORT std::string_view to_string(KeyState state);

// What may be shown of a key.
struct BATON_EXPORT KeyInfo {
  std::string id;    // 16 hexadecimal digits
  KeyState state;    // what it is for now
  UnixTime created;  // as create() or rotate() was told
};

// An ordered set of keys of 256 bits. Every ring has one current and one next key, and any number of previous
// ones up to kMaxKeys in all.
//
// Rotation has no gap: rotate() only promotes the key that every host has held since the last rotation. So:
// rotate on one host, copy the file to all others, and rotate again no sooner than all have read it. A
// previous key can be retired when the last envelope that it sealed has expired.
//
// Move-only, wipes itself. Reading from several threads is safe; changing is not.
class BATON_EXPORT KeyRing {
 public:
  static constexpr std::size_t kMaxKeys = 16;             // of all states
  static constexpr std::size_t kMaxTextSize = 16 * 1024;  // bytes

  // A new ring with a random current and a random next key. Errors: invalid_argument, when `now` lies outside
  // the years 1970 to 9999; crypto.
  static Result<KeyRing> create(UnixTime now);

  // Reads the text form (docs/key-ring-format.md). `source`, a file name, stands in front of every error,
  // with the number of the line. Errors: malformed, unsupported_version, limit_exceeded.
  static Result<KeyRing> parse_unprotected(ByteView text, std::string_view source);
  // The text form: whoever holds it can open and forge envelopes.
  SecretBuffer to_text_unprotected() const;

  KeyRing(KeyRing&&) noexcept;
  KeyRing& operator=(KeyRing&&) noexcept;
  ~KeyRing();

  // next becomes current, current becomes previous, and there is a new next key. Errors: limit_exceeded, when
  // the ring is full: retire a previous key first; invalid_argument, crypto, as for create().
  [[nodiscard]] Result<void> rotate(UnixTime now);

  // Removes a previous key for good: what it has sealed cannot be opened any more. Errors: unknown_key;
  // refused for the current and the next key.
  [[nodiscard]] Result<void> retire(std::string_view id);

  // Newest first: next, current, then the previous ones.
  std::vector<KeyInfo> keys() const;

  // False once it was moved from; then it can only be assigned to or destroyed.
  bool alive() const { return keys_ != nullptr; }

  // For Baton itself.
  struct Keys;
  const Keys& internal() const { return *keys_; }

 private:
  explicit KeyRing(std::unique_ptr<Keys> keys);
  std::unique_ptr<Keys> keys_;
};

}  // namespace baton
