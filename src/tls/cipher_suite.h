// The cipher suites whose records Baton carries: all AEAD suites of TLS 1.3 and the ECDHE ones of TLS 1.2.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/secret.h"
#include "baton/types.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"

namespace baton::tls {

using baton::ProtocolVersion;
using baton::to_string;

struct CipherSuite {
  std::uint16_t id;              // IANA number
  std::string_view name;         // IANA name
  std::string_view libssl_name;  // the name in OpenSSL's cipher lists
  ProtocolVersion version;
  crypto::AeadAlgorithm aead;
  crypto::HashAlgorithm hash;  // of the key schedule or the PRF

  // Bytes of the nonce that the record itself carries: 8 in TLS 1.2 with AES-GCM (RFC 5288 §3), otherwise
  // none.
  std::size_t explicit_nonce_size() const;
  // Bytes of the nonce that come from the key schedule: 12, or 4 in TLS 1.2 with AES-GCM.
  std::size_t fixed_iv_size() const;
  // Bytes of one direction's keying material in ConnectionState: the traffic secret of TLS 1.3; in TLS 1.2
  // the write key followed by the fixed IV. At most 48.
  std::size_t keying_size() const;
};

// A traffic secret of TLS 1.3 (32 or 48 bytes), or TLS 1.2's write key and fixed IV (20, 36 or 44 bytes).
using KeyingMaterial = Secret<crypto::kMaxHashSize>;

// Every suite, in the order of its number.
std::span<const CipherSuite> cipher_suites();

// The suite of that number or IANA name; nullptr when Baton does not carry it.
const CipherSuite* find_cipher_suite(std::uint16_t id);
const CipherSuite* find_cipher_suite(std::string_view iana_name);

}  // namespace baton::tls
