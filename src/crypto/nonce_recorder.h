// A recorder under the AEAD that ends the process when a (key, nonce) pair seals twice (R1).
// Only in builds with BATON_TEST_HOOKS.
#pragma once

#ifdef BATON_TEST_HOOKS
#include "crypto/aead.h"

namespace baton::crypto {

// Wraps a key so that each of its seals is recorded under the hash of the key, process-wide: two key objects
// with the same key bytes share one record, whichever thread or connection they are in.
// `forget_recorded_nonces` is for a fuzz target, which starts every run with the same keys.
std::unique_ptr<AeadKey> record_nonces(std::unique_ptr<AeadKey> key, AeadAlgorithm algorithm,
                                       ByteView key_bytes);
void forget_recorded_nonces();

}  // namespace baton::crypto
#endif
