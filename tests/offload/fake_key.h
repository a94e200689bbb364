// A key that signs without cryptography.
#pragma once

#include <algorithm>

#include "handshake/signing_key.h"

namespace baton::offload::test {

// Its signature is the input backwards, and zeros up to `at_least` bytes.
class FakeKey final : public handshake::SigningKey {
 public:
  explicit FakeKey(handshake::KeyKind kind) : kind_(kind) {}
  handshake::KeyKind kind() const override { return kind_; }
  const KeyDigest& digest() const override { return digest_; }
  const std::vector<std::string>& names() const override { return names_; }
  Result<Bytes> sign(std::uint16_t /*scheme*/, ByteView input) const override {
    if (breaks) return fail(ErrorCode::crypto, "asked to");
    ++signatures;
    Bytes signature(input.rbegin(), input.rend());
    signature.resize(std::max(signature.size(), at_least));
    return signature;
  }
  bool breaks = false;
  std::size_t at_least = 0;
  mutable int signatures = 0;  // that were made

 private:
  handshake::KeyKind kind_;
  KeyDigest digest_{};
  std::vector<std::string> names_;
};

}  // namespace baton::offload::test
