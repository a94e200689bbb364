#include "provider/named_key.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <openssl/pem.h>

#include "crypto/openssl_error.h"
#include "provider/key_uri.h"

namespace baton::provider {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using CertificatePtr = std::unique_ptr<X509, FreeCertificate>;

Result<CertificatePtr> read_certificate(const std::filesystem::path& path) {
  const std::unique_ptr<BIO, FreeBio> file(BIO_new_file(path.c_str(), "r"));
  if (!file) return crypto::openssl_error("the certificate " + path.string());
  CertificatePtr certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  if (!certificate) return crypto::openssl_error("the certificate " + path.string());
  return certificate;
}

}  // namespace

Result<std::unique_ptr<remote_key::KeyObject>> load_named_key(std::string_view uri,
                                                              const ModuleContext& context) {
  const auto path = parse_key_uri(uri);
  if (!path) return fail(path.error().code, path.error().message);
  auto certificate = read_certificate(*path);
  if (!certificate) return pass_on(certificate);
  auto digest = remote_key::digest_of(certificate->get());
  if (!digest) return pass_on(digest);
  auto key = std::make_unique<remote_key::KeyObject>();
  key->public_key.reset(X509_get_pubkey(certificate->get()));
  if (!key->public_key) return crypto::openssl_error("the public key of " + path->string());
  if (remote_key::key_type(key->public_key.get()) == nullptr) {
    return fail(ErrorCode::refused, path->string() + ": " + remote_key::kOnlyTheseKeys);
  }
  key->digest = *digest;
  auto signer = context.find_signer();
  if (!signer) return pass_on(signer);
  key->signer = std::move(*signer);
  return key;
}

int give_key(std::unique_ptr<remote_key::KeyObject> key, OSSL_CALLBACK* give, void* argument) {
  int type = OSSL_OBJECT_PKEY;
  const char* key_type = remote_key::key_type(key->public_key.get());
  remote_key::KeyReference reference = key.release();
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, const_cast<char*>(key_type), 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &reference, sizeof reference),
      OSSL_PARAM_construct_end()};
  const int given = give(params, argument);
  remote_key::take_key(reference);  // where nobody has
  return given;
}

}  // namespace baton::provider
