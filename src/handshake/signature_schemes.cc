#include "handshake/signature_schemes.h"

#include <algorithm>
#include <array>

namespace baton::handshake {
namespace {

using enum SchemeAlgorithm;
using enum SchemeHash;

constexpr std::array<SignatureScheme, 10> kSchemes = {{
    {0x0401, "rsa_pkcs1_sha256", rsa_pkcs1, sha256},
    {0x0501, "rsa_pkcs1_sha384", rsa_pkcs1, sha384},
    {0x0601, "rsa_pkcs1_sha512", rsa_pkcs1, sha512},
    {0x0403, "ecdsa_secp256r1_sha256", ecdsa, sha256},
    {0x0503, "ecdsa_secp384r1_sha384", ecdsa, sha384},
    {0x0603, "ecdsa_secp521r1_sha512", ecdsa, sha512},
    {0x0804, "rsa_pss_rsae_sha256", rsa_pss, sha256},
    {0x0805, "rsa_pss_rsae_sha384", rsa_pss, sha384},
    {0x0806, "rsa_pss_rsae_sha512", rsa_pss, sha512},
    {0x0807, "ed25519", ed25519, intrinsic},
}};

}  // namespace

const SignatureScheme* find_scheme(std::uint16_t number) {
  const auto found = std::ranges::find(kSchemes, number, &SignatureScheme::number);
  return found == kSchemes.end() ? nullptr : &*found;
}

bool fits_key(const SignatureScheme& scheme, KeyKind key) {
  switch (scheme.algorithm) {
    case ecdsa:
      return key == KeyKind::ecdsa_p256 || key == KeyKind::ecdsa_p384;
    case rsa_pss:
    case rsa_pkcs1:
      return key == KeyKind::rsa;
    case ed25519:
      return key == KeyKind::ed25519;
  }
  return false;
}

bool fits_tls13(const SignatureScheme& scheme, KeyKind key) {
  if (scheme.algorithm == rsa_pkcs1) return false;
  return scheme.algorithm != ecdsa || signature_scheme(key) == scheme.number;
}

}  // namespace baton::handshake
