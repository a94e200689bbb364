#include "handshake/provider/certificate_key.h"

#include <openssl/pem.h>

#include "crypto/openssl_error.h"
#include "handshake/openssl_handles.h"

namespace baton::provider {

Result<std::unique_ptr<remote_key::KeyObject>> key_of_certificate(const std::filesystem::path& file) {
  const handshake::BioPtr stream(BIO_new_file(file.c_str(), "r"));
  const handshake::CertificatePtr certificate(
      stream ? PEM_read_bio_X509(stream.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) return crypto::openssl_error("the certificate " + file.string());
  auto digest = remote_key::digest_of(certificate.get());
  if (!digest) return pass_on(digest);
  auto key = std::make_unique<remote_key::KeyObject>();
  key->digest = *digest;
  key->public_key.reset(X509_get_pubkey(certificate.get()));
  if (!key->public_key) return crypto::openssl_error("the public key of " + file.string());
  if (remote_key::key_type(key->public_key.get()) == nullptr) {
    return fail(ErrorCode::refused, file.string() + ": " + remote_key::kOnlyTheseKeys);
  }
  return key;
}

}  // namespace baton::provider
