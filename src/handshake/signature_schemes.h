// The SignatureSchemes (RFC 8446 §4.2.3) that Baton signs with.
#pragma once

#include <cstdint>
#include <string_view>

#include "handshake/key_kind.h"

namespace baton::handshake {

enum class SchemeHash : std::uint8_t { intrinsic, sha256, sha384, sha512 };  // intrinsic: Ed25519
enum class SchemeAlgorithm : std::uint8_t { ecdsa, rsa_pss, rsa_pkcs1, ed25519 };

struct SignatureScheme {
  std::uint16_t number;
  std::string_view name;  // of RFC 8446
  SchemeAlgorithm algorithm;
  SchemeHash hash;
};

// Null: a scheme that Baton does not sign with, such as those with SHA-1.
const SignatureScheme* find_scheme(std::uint16_t number);

// Whether the key can make it at all. TLS 1.3 asks for more: see fits_tls13().
bool fits_key(const SignatureScheme& scheme, KeyKind key);

// RFC 8446 §4.2.3: no PKCS#1 in CertificateVerify, and an ECDSA scheme names the key's curve. For a scheme
// that fits_key().
bool fits_tls13(const SignatureScheme& scheme, KeyKind key);

}  // namespace baton::handshake
