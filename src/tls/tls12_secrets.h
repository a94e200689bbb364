// What all keys of a TLS 1.2 connection come from (RFC 5246 §6.3 and §8.1).
#pragma once

#include <array>

#include "base/error.h"
#include "base/secret.h"
#include "tls/cipher_suite.h"

namespace baton::tls {

inline constexpr std::size_t kMasterSecretSize = 48;  // bytes, RFC 5246 §8.1
inline constexpr std::size_t kRandomSize = 32;        // bytes, RFC 5246 §7.4.1.2

// Whoever has it decrypts the whole connection from its first record on, and every session resumed from it.
// The randoms have passed in plaintext.
struct Tls12Secrets {
  Secret<kMasterSecretSize> master;
  std::array<std::uint8_t, kRandomSize> client_random{};
  std::array<std::uint8_t, kRandomSize> server_random{};
};

// The write key and fixed IV of each side.
struct Tls12Keying {
  KeyingMaterial client;
  KeyingMaterial server;
};

// `suite` is one of TLS 1.2.
[[nodiscard]] Result<Tls12Keying> expand_tls12_keying(const Tls12Secrets& secrets, const CipherSuite& suite);

}  // namespace baton::tls
