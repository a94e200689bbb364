#include "crypto/kdf.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>
#include <memory>

#include "base/secret.h"
#include "crypto/hkdf_by_evp.h"
#include "crypto/openssl_error.h"

namespace baton::crypto {
namespace {

struct KdfContextFree {
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};
using KdfContext = std::unique_ptr<EVP_KDF_CTX, KdfContextFree>;

KdfContext new_hkdf() {
  static EVP_KDF* const kFetched = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  return KdfContext(EVP_KDF_CTX_new(kFetched));
}

KdfContext new_tls12_prf() {
  static EVP_KDF* const kFetched = EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr);
  return KdfContext(EVP_KDF_CTX_new(kFetched));
}

// OSSL_PARAM takes pointers to non-const and only reads them.
char* digest_name(HashAlgorithm hash) {
  static char sha256[] = "SHA256";
  static char sha384[] = "SHA384";
  return hash == HashAlgorithm::sha256 ? sha256 : sha384;
}

const EVP_MD* algorithm_of(HashAlgorithm hash) {
  return hash == HashAlgorithm::sha256 ? EVP_sha256() : EVP_sha384();
}

OSSL_PARAM octets(const char* name, ByteView bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}

Result<void> derive(const KdfContext& context, MutableBytes out, const OSSL_PARAM* params) {
  if (!context || EVP_KDF_derive(context.get(), out.data(), out.size(), params) != 1) {
    return openssl_error("key derivation failed");
  }
  return {};
}

}  // namespace

std::size_t hash_size(HashAlgorithm hash) {
  return hash == HashAlgorithm::sha256 ? 32 : 48;
}

Result<void> hkdf_expand_by_evp(HashAlgorithm hash, ByteView secret, ByteView info, MutableBytes out) {
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const std::array params = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name(hash), 0),
      octets(OSSL_KDF_PARAM_KEY, secret),
      octets(OSSL_KDF_PARAM_INFO, info),
      OSSL_PARAM_construct_end(),
  };
  return derive(new_hkdf(), out, params.data());
}

Result<void> tls12_prf(HashAlgorithm hash, ByteView secret, std::string_view label, ByteView seed_a,
                       ByteView seed_b, MutableBytes out) {
  const std::array params = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name(hash), 0),
      octets(OSSL_KDF_PARAM_SECRET, secret),
      octets(OSSL_KDF_PARAM_SEED, as_bytes(label)),  // seeds are concatenated in their order
      octets(OSSL_KDF_PARAM_SEED, seed_a),
      octets(OSSL_KDF_PARAM_SEED, seed_b),
      OSSL_PARAM_construct_end(),
  };
  return derive(new_tls12_prf(), out, params.data());
}

Result<void> hmac(HashAlgorithm hash, ByteView key, ByteView data, MutableBytes out) {
  if (out.size() != hash_size(hash) || HMAC(algorithm_of(hash), key.data(), static_cast<int>(key.size()),
                                            data.data(), data.size(), out.data(), nullptr) == nullptr) {
    return openssl_error("HMAC failed");
  }
  return {};
}

Result<void> digest(HashAlgorithm hash, ByteView data, MutableBytes out) {
  if (out.size() != hash_size(hash) ||
      EVP_Digest(data.data(), data.size(), out.data(), nullptr, algorithm_of(hash), nullptr) != 1) {
    return openssl_error("hashing failed");
  }
  return {};
}

}  // namespace baton::crypto
