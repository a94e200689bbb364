// A key that signs without cryptography.
#pragma once

#include "handshake/signing_key.h"

namespace baton::offload::test {

// Its signature is the input backwards.
class FakeKey final : public handshake::SigningKey {
 public:
  explicit FakeKey(handshake::KeyKind kind) : kind_(kind) {}
  handshake::KeyKind kind() const override { return kind_; }
  const KeyDigest& digest() const override { return digest_; }
  const std::vector<std::string>& names() const override { return names_; }
  Result<Bytes> sign(std::uint16_t /*scheme*/, ByteView input) const override {
    if (breaks) return fail(ErrorCode::crypto, "asked to");
    return Bytes(input.rbegin(), input.rend());
  }
  bool breaks = false;

 private:
  handshake::KeyKind kind_;
  KeyDigest digest_{};
  std::vector<std::string> names_;
};

}  // namespace baton::offload::test
