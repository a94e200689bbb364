// A credential that was checked and is ready to sign.
#pragma once

#include <vector>

#include "handshake/key_kind.h"
#include "handshake/openssl_handles.h"
#include "handshake/server.h"

namespace baton::handshake {

struct LoadedCredential {
  KeyKind kind;
  CertificatePtr leaf;
  ChainPtr intermediates;  // what follows the leaf; may be empty
  KeyPtr key;
  KeyPlace place;
};

// Checks all that can be wrong with a credential before the first client comes: the kind of key, that key and
// leaf belong together, that a trial signature verifies, and the leaf's validity now. Errors name the
// sources.
Result<LoadedCredential> load_credential(const Credential& credential);

// Adds it to what the SSL may choose from. False with an entry in OpenSSL's error queue, for example when the
// signature of a certificate is too weak.
bool use_credential(SSL* ssl, const LoadedCredential& credential);

}  // namespace baton::handshake
