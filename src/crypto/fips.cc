#include "crypto/fips.h"

#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <atomic>

namespace baton::crypto {
namespace {

std::atomic<bool> required{false};

bool module_works() {
  EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", "fips=yes");
  EVP_CIPHER_free(cipher);
  return cipher != nullptr;
}

}  // namespace

Result<void> require_fips() {
  if (CONF_modules_load_file(nullptr, nullptr, CONF_MFLAGS_IGNORE_MISSING_FILE) != 1 ||
      EVP_default_properties_enable_fips(nullptr, 1) != 1 || !module_works()) {
    ERR_clear_error();
    EVP_default_properties_enable_fips(nullptr, 0);
    return fail(ErrorCode::refused,
                "fips = true: OpenSSL has no working FIPS module here; install one and set it up in "
                "openssl.cnf (see fips_module(7))");
  }
  required = true;
  return {};
}

bool fips_is_required() {
  return required;
}

}  // namespace baton::crypto
