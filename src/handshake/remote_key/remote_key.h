// Private keys of OpenSSL whose signatures a RemoteSigner makes.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "base/error.h"
#include "handshake/openssl_handles.h"
#include "handshake/remote_key/remote_signer.h"

namespace baton::remote_key {

using handshake::KeyPtr;

// The SHA-256 of the DER of a SubjectPublicKeyInfo: as it stands in a certificate, or as OpenSSL writes it,
// which is the same in all but odd certificates. Error: crypto.
[[nodiscard]] Result<KeyDigest> digest_of(const X509* certificate);
[[nodiscard]] Result<KeyDigest> digest_of(EVP_PKEY* public_key);

// A key that libssl takes in place of the private key of `public_key`: ECDSA, RSA, Ed25519. Its signer is
// asked for signatures of `digest`, and kept alive. Errors: refused (another kind of key), crypto.
[[nodiscard]] Result<KeyPtr> make_remote_key(EVP_PKEY* public_key, const KeyDigest& digest,
                                             std::shared_ptr<RemoteSigner> signer);

}  // namespace baton::remote_key
