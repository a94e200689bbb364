#include "crypto/aead_backend.h"

#include <cstdlib>

#include "crypto/evp_aead.h"
#include "crypto/fips.h"
#include "crypto/ipsec_mb_aead.h"
#include "crypto/nonce_recorder.h"

namespace baton::crypto {

Result<AeadBackend> choose_aead_backend(std::string_view forced, bool fips_required, bool ipsec_mb_usable) {
  if (forced.empty()) {
    return ipsec_mb_usable && !fips_required ? AeadBackend::ipsec_mb : AeadBackend::evp;
  }
  if (forced == "evp") return AeadBackend::evp;
  if (forced != "ipsec-mb") {
    return fail(ErrorCode::invalid_argument, "BATON_AEAD is neither \"evp\" nor \"ipsec-mb\"");
  }
  if (fips_required) {
    return fail(ErrorCode::refused, "BATON_AEAD=ipsec-mb: FIPS is required, and ipsec-mb has no validation");
  }
  if (!ipsec_mb_usable) {
    return fail(ErrorCode::refused, "BATON_AEAD=ipsec-mb: this build or this CPU has no use for it");
  }
  return AeadBackend::ipsec_mb;
}

std::string_view to_string(AeadBackend backend) {
  return backend == AeadBackend::evp ? "evp" : "ipsec-mb";
}

Result<AeadBackend> aead_backend() {
  static const Result<AeadBackend> kChosen = [] {
    const char* forced = std::getenv("BATON_AEAD");
    return choose_aead_backend(forced != nullptr ? forced : "", fips_is_required(), ipsec_mb_is_usable());
  }();
  return kChosen;
}

Result<std::unique_ptr<AeadKey>> make_aead_key(AeadBackend backend, AeadAlgorithm algorithm, ByteView key) {
  if (key.size() != aead_key_size(algorithm)) {
    return fail(ErrorCode::invalid_argument, "an AEAD key has the wrong size");
  }
  auto made = backend == AeadBackend::ipsec_mb ? make_ipsec_mb_aead_key(algorithm, key)
                                               : make_evp_aead_key(algorithm, key);
#ifdef BATON_TEST_HOOKS
  if (made) *made = record_nonces(std::move(*made), algorithm, key);
#endif
  return made;
}

std::size_t aead_key_size(AeadAlgorithm algorithm) {
  return algorithm == AeadAlgorithm::aes_128_gcm ? 16 : 32;
}

Result<std::unique_ptr<AeadKey>> make_aead_key(AeadAlgorithm algorithm, ByteView key) {
  auto backend = aead_backend();
  if (!backend) return pass_on(backend);
  return make_aead_key(*backend, algorithm, key);
}

}  // namespace baton::crypto
