// The AEAD backend on Intel's multi-buffer library.
#pragma once

#include "crypto/aead.h"

namespace baton::crypto {

// Error: refused, where ipsec_mb_is_usable() says no.
Result<std::unique_ptr<AeadKey>> make_ipsec_mb_aead_key(AeadAlgorithm algorithm, ByteView key);

}  // namespace baton::crypto
