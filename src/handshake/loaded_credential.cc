#include "handshake/loaded_credential.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "crypto/openssl_error.h"
#include "handshake/pem.h"
#include "handshake/remote_key/remote_key.h"
#include "handshake/suspending_signer.h"

namespace baton::handshake {
namespace {

std::string readable(const ASN1_TIME* time) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || ASN1_TIME_print(bio.get(), time) != 1) return "an unreadable date";
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<void> check_validity(const X509* leaf, const std::string& source) {
  const ASN1_TIME* begin = X509_get0_notBefore(leaf);
  const ASN1_TIME* end = X509_get0_notAfter(leaf);
  // X509_cmp_current_time() answers 0 for a time that it cannot read.
  if (X509_cmp_current_time(begin) >= 0) {
    return fail(ErrorCode::refused, source + ": the certificate is not valid before " + readable(begin) +
                                        "; check the clock of this machine");
  }
  if (X509_cmp_current_time(end) <= 0) {
    return fail(ErrorCode::refused, source + ": the certificate expired on " + readable(end) + "; renew it");
  }
  return {};
}

// Signs with the private key and verifies with the certificate's public key.
bool trial_signature_verifies(EVP_PKEY* key, EVP_PKEY* public_key, KeyKind kind) {
  constexpr std::string_view kMessage = "Baton trial signature";
  const auto* message = reinterpret_cast<const unsigned char*>(kMessage.data());
  const EVP_MD* hash = kind == KeyKind::ed25519 ? nullptr : EVP_sha256();
  const DigestContextPtr signing(EVP_MD_CTX_new());
  const DigestContextPtr verifying(EVP_MD_CTX_new());
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_size(key));
  Bytes signature(size);
  return signing && verifying && EVP_DigestSignInit(signing.get(), nullptr, hash, nullptr, key) == 1 &&
         EVP_DigestSign(signing.get(), signature.data(), &size, message, kMessage.size()) == 1 &&
         EVP_DigestVerifyInit(verifying.get(), nullptr, hash, nullptr, public_key) == 1 &&
         EVP_DigestVerify(verifying.get(), signature.data(), size, message, kMessage.size()) == 1;
}

Result<KeyPtr> key_elsewhere(X509* leaf, const Credential& credential) {
  if (!credential.key_pem.empty()) {
    return fail(ErrorCode::invalid_argument,
                credential.key_source + ": a key is given that is said to be elsewhere");
  }
  Result<KeyDigest> digest = remote_key::digest_of(leaf);
  if (!digest) return pass_on(digest);
  auto key = remote_key::make_remote_key(X509_get0_pubkey(leaf), *digest, suspending_signer());
  if (!key) return pass_on(key);
  return KeyPtr(key->release());
}

Result<ChainPtr> stack_behind_leaf(std::vector<CertificatePtr>& certificates) {
  ChainPtr stack(sk_X509_new_null());
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    if (!stack || sk_X509_push(stack.get(), certificates[i].get()) == 0) {
      return crypto::openssl_error("a certificate chain");
    }
    static_cast<void>(certificates[i].release());  // the stack owns it now
  }
  return stack;
}

}  // namespace

Result<LoadedCredential> load_credential(const Credential& credential) {
  Result<std::vector<CertificatePtr>> certificates =
      read_certificates(credential.chain_pem, credential.chain_source);
  if (!certificates) return pass_on(certificates);
  X509* leaf = certificates->front().get();
  const bool is_here = credential.key_place == KeyPlace::here;
  Result<KeyPtr> key =
      is_here ? read_private_key(credential.key_pem, credential.key_source) : key_elsewhere(leaf, credential);
  if (!key) return pass_on(key);
  const std::optional<KeyKind> kind = key_kind(is_here ? key->get() : X509_get0_pubkey(leaf));
  if (!kind) {
    return fail(ErrorCode::refused,
                (is_here ? credential.key_source : credential.chain_source) +
                    ": the kind of key is not supported; use ECDSA on P-256 or P-384, RSA of at "
                    "least 2048 bits, or Ed25519");
  }
  if (X509_check_private_key(leaf, key->get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::refused, "the key in " + credential.key_source +
                                        " does not belong to the first certificate in " +
                                        credential.chain_source + "; give the pair that was issued together");
  }
  // A key store signs nothing on trial.
  if (is_here && !trial_signature_verifies(key->get(), X509_get0_pubkey(leaf), *kind)) {
    ERR_clear_error();
    return fail(ErrorCode::crypto, "the key in " + credential.key_source + " cannot sign; it may be damaged");
  }
  Result<void> valid = check_validity(leaf, credential.chain_source);
  if (!valid) return pass_on(valid);
  Result<ChainPtr> intermediates = stack_behind_leaf(*certificates);
  if (!intermediates) return pass_on(intermediates);
  // Fills the certificate's cache of extensions now, where one thread owns it.
  X509_check_purpose(leaf, -1, 0);
  return LoadedCredential{*kind, std::move(certificates->front()), std::move(*intermediates), std::move(*key),
                          credential.key_place};
}

bool use_credential(SSL* ssl, const LoadedCredential& credential) {
  return SSL_use_certificate(ssl, credential.leaf.get()) == 1 &&
         SSL_use_PrivateKey(ssl, credential.key.get()) == 1 &&
         SSL_set1_chain(ssl, credential.intermediates.get()) == 1;
}

}  // namespace baton::handshake
