#include "support/pki.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <map>
#include <mutex>

namespace baton::test {
namespace {

// A test's set-up that fails cannot be recovered from.
void require(bool condition) {
  if (!condition) std::abort();
}

TestKey owned(EVP_PKEY* key) {
  require(key != nullptr);
  return TestKey(key, EVP_PKEY_free);
}

TestKey rsa_key(unsigned bits) {
  static std::mutex mutex;
  static std::map<unsigned, TestKey> keys;
  const std::lock_guard lock(mutex);
  TestKey& key = keys[bits];
  if (!key) key = owned(EVP_RSA_gen(bits));
  return key;
}

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string certificate_to_pem(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  require(PEM_write_bio_X509(bio, certificate) == 1);
  return bio_text(bio);
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

void add_alternative_names(X509* certificate, const CertificateOptions& options) {
  std::string list;
  const auto add = [&list](const char* kind, const std::vector<std::string>& names) {
    for (const std::string& name : names) list += (list.empty() ? "" : ",") + (kind + name);
  };
  add("DNS:", options.dns_names);
  add("URI:", options.uris);
  add("IP:", options.ip_addresses);
  if (!list.empty()) add_extension(certificate, NID_subject_alt_name, list);
}

void set_random_serial(X509* certificate) {
  unsigned char serial[8];
  require(RAND_bytes(serial, sizeof serial) == 1);
  serial[0] &= 0x7f;
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  require(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr);
  BN_free(number);
}

// Unsigned and without an issuer.
std::shared_ptr<X509> prepare(EVP_PKEY* key, const CertificateOptions& options, bool is_ca) {
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  set_random_serial(certificate.get());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), options.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), options.valid_until);
  X509_set_pubkey(certificate.get(), key);
  const auto* name = reinterpret_cast<const unsigned char*>(options.common_name.c_str());
  X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, MBSTRING_UTF8, name,
                             -1, -1, 0);
  add_extension(certificate.get(), NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
  add_alternative_names(certificate.get(), options);
  if (options.padding > 0) {
    add_extension(certificate.get(), NID_netscape_comment, std::string(options.padding, 'x'));
  }
  return certificate;
}

void sign(X509* certificate, const X509* issuer, EVP_PKEY* issuer_key) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  require(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
}

}  // namespace

TestKey make_key(KeyType type) {
  switch (type) {
    case KeyType::p256:
      return owned(EVP_EC_gen("P-256"));
    case KeyType::p384:
      return owned(EVP_EC_gen("P-384"));
    case KeyType::p521:
      return owned(EVP_EC_gen("P-521"));
    case KeyType::rsa1024:
      return rsa_key(1024);
    case KeyType::rsa2048:
      return rsa_key(2048);
    case KeyType::ed25519:
      return owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  }
  std::abort();
}

std::string key_to_pem(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  require(PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return bio_text(bio);
}

std::string key_to_encrypted_pem(EVP_PKEY* key, const std::string& passphrase) {
  BIO* bio = BIO_new(BIO_s_mem());
  require(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), passphrase.data(),
                                        static_cast<int>(passphrase.size()), nullptr, nullptr) == 1);
  return bio_text(bio);
}

TestCa::TestCa(const std::string& name) : key_(make_key(KeyType::p256)) {
  CertificateOptions options;
  options.common_name = name;
  certificate_ = prepare(key_.get(), options, true);
  sign(certificate_.get(), certificate_.get(), key_.get());
  pem_ = certificate_to_pem(certificate_.get());
}

TestCertificate TestCa::issue(const CertificateOptions& options) const {
  return issue_with_chain(options, 0, 0);
}

TestCertificate TestCa::issue_with_chain(const CertificateOptions& options, int depth,
                                         std::size_t padding_each) const {
  std::shared_ptr<X509> issuer = certificate_;
  TestKey issuer_key = key_;
  std::string intermediates;
  for (int i = 0; i < depth; ++i) {
    CertificateOptions intermediate;
    intermediate.common_name = "intermediate " + std::to_string(i);
    intermediate.padding = padding_each;
    const TestKey key = make_key(KeyType::p256);
    const std::shared_ptr<X509> certificate = prepare(key.get(), intermediate, true);
    sign(certificate.get(), issuer.get(), issuer_key.get());
    intermediates = certificate_to_pem(certificate.get()) + intermediates;
    issuer = certificate;
    issuer_key = key;
  }
  const TestKey key = make_key(options.key_type);
  const std::shared_ptr<X509> leaf = prepare(key.get(), options, false);
  sign(leaf.get(), issuer.get(), issuer_key.get());
  return {certificate_to_pem(leaf.get()) + intermediates, key_to_pem(key.get())};
}

}  // namespace baton::test
