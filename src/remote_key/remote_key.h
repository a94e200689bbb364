// Private keys of OpenSSL whose signatures a RemoteSigner makes.
#pragma once

#include <openssl/evp.h>

#include <memory>

#include "base/error.h"
#include "remote_key/remote_signer.h"

namespace baton::remote_key {

struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

// The SHA-256 of the DER of its SubjectPublicKeyInfo. Error: crypto.
[[nodiscard]] Result<KeyDigest> digest_of(EVP_PKEY* public_key);

// A key that libssl takes in place of the private key of `public_key` (of a certificate): ECDSA on P-256 and
// P-384, RSA, Ed25519. The key keeps the signer alive. Errors: refused (another kind of key), crypto.
[[nodiscard]] Result<KeyPtr> make_remote_key(EVP_PKEY* public_key, std::shared_ptr<RemoteSigner> signer);

}  // namespace baton::remote_key
