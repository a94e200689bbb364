// The AEAD backend on OpenSSL's EVP, which every machine has.
#pragma once

#include "crypto/aead.h"

namespace baton::crypto {

Result<std::unique_ptr<AeadKey>> make_evp_aead_key(AeadAlgorithm algorithm, ByteView key);

}  // namespace baton::crypto
