// Certificates for tests, made while the test runs.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace baton::test {

enum class KeyType { p256, p384, p521, rsa1024, rsa2048, ed25519 };

using TestKey = std::shared_ptr<EVP_PKEY>;

// A new key; RSA keys are made once per process and size, since they take long.
TestKey make_key(KeyType type);

struct CertificateOptions {
  KeyType key_type = KeyType::p256;
  std::string common_name = "test";
  std::vector<std::string> dns_names;
  std::vector<std::string> uris;
  std::vector<std::string> ip_addresses;
  long valid_from = -3600;   // seconds from now
  long valid_until = 86400;  // seconds from now
  std::size_t padding = 0;   // bytes of a comment that make the certificate large
};

struct TestCertificate {
  std::string chain_pem;
  std::string key_pem;
};

std::string key_to_pem(EVP_PKEY* key);
std::string key_to_encrypted_pem(EVP_PKEY* key, const std::string& passphrase);

// A self-signed authority.
class TestCa {
 public:
  explicit TestCa(const std::string& name = "test CA");

  const std::string& pem() const { return pem_; }
  TestCertificate issue(const CertificateOptions& options) const;
  // The leaf at the end of `depth` intermediates; `chain_pem` holds them all, leaf first.
  TestCertificate issue_with_chain(const CertificateOptions& options, int depth,
                                   std::size_t padding_each) const;

 private:
  TestKey key_;
  std::shared_ptr<X509> certificate_;
  std::string pem_;
};

}  // namespace baton::test
