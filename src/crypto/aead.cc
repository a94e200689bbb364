#include "crypto/aead.h"

#include "crypto/evp_aead.h"
#include "crypto/nonce_recorder.h"

namespace baton::crypto {

std::size_t aead_key_size(AeadAlgorithm algorithm) {
  return algorithm == AeadAlgorithm::aes_128_gcm ? 16 : 32;
}

Result<std::unique_ptr<AeadKey>> make_aead_key(AeadAlgorithm algorithm, ByteView key) {
  if (key.size() != aead_key_size(algorithm)) {
    return fail(ErrorCode::invalid_argument, "an AEAD key has the wrong size");
  }
  auto made = make_evp_aead_key(algorithm, key);
#ifdef BATON_TEST_HOOKS
  if (made) *made = record_nonces(std::move(*made), algorithm, key);
#endif
  return made;
}

}  // namespace baton::crypto
