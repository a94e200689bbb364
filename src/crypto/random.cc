#include "crypto/random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "crypto/openssl_error.h"

namespace baton::crypto {

Result<void> random_bytes(MutableBytes out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) return openssl_error("no random bytes");
  return {};
}

bool constant_time_equal(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace baton::crypto
