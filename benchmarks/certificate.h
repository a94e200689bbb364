// The certificate of every server here: ECDSA with P-256.
#pragma once

#include "support/pki.h"

namespace baton::bench {

inline constexpr const char* kName = "www.example.com";

inline const test::TestCertificate& server_certificate() {
  static const test::TestCertificate kCertificate = [] {
    test::CertificateOptions options;
    options.key_type = test::KeyType::p256;
    options.dns_names = {kName};
    return test::TestCa().issue(options);
  }();
  return kCertificate;
}

}  // namespace baton::bench
