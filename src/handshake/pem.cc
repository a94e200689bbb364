#include "handshake/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <climits>

#include "crypto/openssl_error.h"

namespace baton::handshake {
namespace {

Result<BioPtr> memory_of(const void* data, std::size_t size, const std::string& source) {
  if (size > INT_MAX) return fail(ErrorCode::limit_exceeded, source + " is too large");
  BioPtr bio(BIO_new_mem_buf(data, static_cast<int>(size)));
  if (!bio) return crypto::openssl_error(source);
  return bio;
}

// A program without a terminal must not ask; `asked` tells the caller why the key could not be read.
int refuse_passphrase(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

bool at_end_of_pem() {
  const unsigned long entry = ERR_peek_last_error();
  return ERR_GET_LIB(entry) == ERR_LIB_PEM && ERR_GET_REASON(entry) == PEM_R_NO_START_LINE;
}

}  // namespace

Result<std::vector<CertificatePtr>> read_certificates(std::string_view pem, const std::string& source) {
  ERR_clear_error();
  Result<BioPtr> bio = memory_of(pem.data(), pem.size(), source);
  if (!bio) return pass_on(bio);
  std::vector<CertificatePtr> certificates;
  while (X509* certificate = PEM_read_bio_X509(bio->get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  if (!at_end_of_pem()) {
    return crypto::openssl_error(source + ": certificate " + std::to_string(certificates.size() + 1) +
                                 " cannot be read");
  }
  ERR_clear_error();
  if (certificates.empty()) {
    return fail(ErrorCode::malformed,
                source + " holds no certificate; give PEM text (-----BEGIN CERTIFICATE-----)");
  }
  return certificates;
}

Result<KeyPtr> read_private_key(const SecretBuffer& pem, const std::string& source) {
  ERR_clear_error();
  Result<BioPtr> bio = memory_of(pem.data(), pem.size(), source);
  if (!bio) return pass_on(bio);
  bool passphrase_asked = false;
  KeyPtr key(PEM_read_bio_PrivateKey(bio->get(), nullptr, refuse_passphrase, &passphrase_asked));
  if (key) return key;
  if (passphrase_asked) {
    ERR_clear_error();
    return fail(ErrorCode::refused,
                source +
                    " is protected by a passphrase; store the key without one (openssl pkey "
                    "-in encrypted.pem -out key.pem)");
  }
  return crypto::openssl_error(source +
                               ": no private key can be read; give PEM text (-----BEGIN PRIVATE KEY-----)");
}

}  // namespace baton::handshake
