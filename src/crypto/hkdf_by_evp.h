// HKDF-Expand by EVP: under FIPS, and for comparison in tests.
#pragma once

#include "crypto/kdf.h"

namespace baton::crypto {

// RFC 5869 §2.3, with `info` as given.
[[nodiscard]] Result<void> hkdf_expand_by_evp(HashAlgorithm hash, ByteView secret, ByteView info,
                                              MutableBytes out);

}  // namespace baton::crypto
