#include "handshake/remote_key/remote_key.h"

#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "crypto/kdf.h"
#include "crypto/openssl_error.h"
#include "handshake/remote_key/provider_tables.h"

namespace baton::remote_key {
namespace {

const OSSL_ALGORITHM* query(void* /*provider*/, int operation, int* no_cache) {
  *no_cache = 0;
  if (operation == OSSL_OP_KEYMGMT) return key_managements();
  if (operation == OSSL_OP_SIGNATURE) return signatures();
  return nullptr;
}

int start_provider(const OSSL_CORE_HANDLE* /*handle*/, const OSSL_DISPATCH* /*core*/,
                   const OSSL_DISPATCH** out, void** provider) {
  static const OSSL_DISPATCH kTable[] = {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, as_function<query>()},
                                         {0, nullptr}};
  static int token = 0;
  *out = kTable;
  *provider = &token;
  return 1;
}

// A library context of its own: in the default one, this provider could be chosen for keys that are here. It
// lives as long as the process.
OSSL_LIB_CTX* library_context() {
  static OSSL_LIB_CTX* const kContext = [] {
    OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
    const bool loaded = context != nullptr &&
                        OSSL_PROVIDER_add_builtin(context, kProviderName, start_provider) == 1 &&
                        OSSL_PROVIDER_load(context, kProviderName) != nullptr;
    return loaded ? context : nullptr;
  }();
  return kContext;
}

// Frees the DER.
Result<KeyDigest> digest_of_der(unsigned char* der, int size) {
  if (size <= 0) return crypto::openssl_error("a public key");
  KeyDigest digest{};
  Result<void> hashed =
      crypto::digest(crypto::HashAlgorithm::sha256, {der, static_cast<std::size_t>(size)}, digest);
  OPENSSL_free(der);
  if (!hashed) return pass_on(hashed);
  return digest;
}

}  // namespace

const char* key_type(EVP_PKEY* public_key) {
  for (const char* type : {"EC", "RSA", "ED25519"}) {
    if (EVP_PKEY_is_a(public_key, type) == 1) return type;
  }
  return nullptr;
}

std::unique_ptr<KeyObject> take_key(KeyReference& reference) {
  return std::unique_ptr<KeyObject>(std::exchange(reference.key, nullptr));
}

Result<KeyDigest> digest_of(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  return digest_of_der(der, size);
}

Result<KeyDigest> digest_of(EVP_PKEY* public_key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(public_key, &der);
  return digest_of_der(der, size);
}

Result<KeyPtr> make_remote_key(EVP_PKEY* public_key, const KeyDigest& digest,
                               std::shared_ptr<RemoteSigner> signer) {
  const char* type = key_type(public_key);
  if (type == nullptr) return fail(ErrorCode::refused, kOnlyTheseKeys);
  EVP_PKEY_up_ref(public_key);
  KeyObject object{KeyPtr(public_key), digest, std::move(signer)};
  void* address = &object;
  OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_ptr(kObjectParameter, &address, sizeof object),
                         OSSL_PARAM_construct_end()};
  EVP_PKEY* made = nullptr;
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(library_context(), type, kProperties);
  const bool done = library_context() != nullptr && context != nullptr &&
                    EVP_PKEY_fromdata_init(context) == 1 &&
                    EVP_PKEY_fromdata(context, &made, EVP_PKEY_KEYPAIR, params) == 1;
  EVP_PKEY_CTX_free(context);
  KeyPtr key(made);
  if (!done) return crypto::openssl_error("a key that is elsewhere");
  return key;
}

}  // namespace baton::remote_key
