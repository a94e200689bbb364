// In the place of ipsec_mb_aead.cc, where this build does without the library.
#include "crypto/aead_backend.h"
#include "crypto/ipsec_mb_aead.h"

namespace baton::crypto {

bool ipsec_mb_is_usable() {
  return false;
}

Result<std::unique_ptr<AeadKey>> make_ipsec_mb_aead_key(AeadAlgorithm /*algorithm*/, ByteView /*key*/) {
  return fail(ErrorCode::refused, "this build of Baton has no ipsec-mb");
}

}  // namespace baton::crypto
