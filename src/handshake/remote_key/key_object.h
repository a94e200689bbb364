// What the provider knows of a key.
#pragma once

#include <memory>

#include "handshake/remote_key/remote_key.h"

namespace baton::remote_key {

struct KeyObject {
  KeyPtr public_key;  // of the default provider; null until it is imported
  KeyDigest digest{};
  std::shared_ptr<RemoteSigner> signer;
};

// How OpenSSL calls that kind of key: "EC", "RSA", "ED25519". Null: one that cannot be elsewhere.
const char* key_type(EVP_PKEY* public_key);
inline constexpr const char* kOnlyTheseKeys = "only keys of ECDSA, RSA and Ed25519 can be elsewhere";

// A KeyObject on its way through OpenSSL: an object reference holds its address. Who takes it owns it; the
// reference is empty afterwards.
struct KeyReference {
  KeyObject* key = nullptr;
};
std::unique_ptr<KeyObject> take_key(KeyReference& reference);

}  // namespace baton::remote_key
