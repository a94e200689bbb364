#include "tls/cipher_suite.h"

#include <algorithm>
#include <array>

namespace baton::tls {
namespace {

using enum ProtocolVersion;
using crypto::AeadAlgorithm;
using crypto::HashAlgorithm;

constexpr std::array kSuites = {
    CipherSuite{0x1301, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", tls13, AeadAlgorithm::aes_128_gcm,
                HashAlgorithm::sha256},
    CipherSuite{0x1302, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", tls13, AeadAlgorithm::aes_256_gcm,
                HashAlgorithm::sha384},
    CipherSuite{0x1303, "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", tls13,
                AeadAlgorithm::chacha20_poly1305, HashAlgorithm::sha256},
    CipherSuite{0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", tls12,
                AeadAlgorithm::aes_128_gcm, HashAlgorithm::sha256},
    CipherSuite{0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", tls12,
                AeadAlgorithm::aes_256_gcm, HashAlgorithm::sha384},
    CipherSuite{0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", tls12,
                AeadAlgorithm::aes_128_gcm, HashAlgorithm::sha256},
    CipherSuite{0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", tls12,
                AeadAlgorithm::aes_256_gcm, HashAlgorithm::sha384},
    CipherSuite{0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", tls12,
                AeadAlgorithm::chacha20_poly1305, HashAlgorithm::sha256},
    CipherSuite{0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305",
                tls12, AeadAlgorithm::chacha20_poly1305, HashAlgorithm::sha256},
};

template <class Matches>
const CipherSuite* find(Matches matches) {
  const auto* found = std::find_if(kSuites.begin(), kSuites.end(), matches);
  return found != kSuites.end() ? found : nullptr;
}

}  // namespace

std::size_t CipherSuite::explicit_nonce_size() const {
  // RFC 5288 §3: the nonce_explicit of AES-GCM has 8 bytes; RFC 7905 §2: ChaCha20-Poly1305 has none.
  return version == tls12 && aead != AeadAlgorithm::chacha20_poly1305 ? 8 : 0;
}

std::size_t CipherSuite::fixed_iv_size() const {
  return crypto::kAeadNonceSize - explicit_nonce_size();
}

std::size_t CipherSuite::keying_size() const {
  return version == tls13 ? crypto::hash_size(hash) : crypto::aead_key_size(aead) + fixed_iv_size();
}

std::span<const CipherSuite> cipher_suites() {
  return kSuites;
}

const CipherSuite* find_cipher_suite(std::uint16_t id) {
  return find([id](const CipherSuite& suite) { return suite.id == id; });
}

const CipherSuite* find_cipher_suite(std::string_view iana_name) {
  return find([iana_name](const CipherSuite& suite) { return suite.name == iana_name; });
}

}  // namespace baton::tls
