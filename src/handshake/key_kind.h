// The kinds of certificate keys that Baton serves with.
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace baton::handshake {

enum class KeyKind : std::uint8_t { ecdsa_p256, ecdsa_p384, rsa, ed25519 };

// "ecdsa_secp256r1", "ecdsa_secp384r1", "rsa", "ed25519".
std::string_view to_string(KeyKind kind);

// RSA and P-384 take about a millisecond or more to sign, the others less than the way to a worker thread.
bool is_slow(KeyKind kind);

// Absent: another kind, or RSA below 2048 bits.
std::optional<KeyKind> key_kind(const EVP_PKEY* key);

// libssl has one place for each of ECDSA, RSA and Ed25519.
bool share_a_place(KeyKind a, KeyKind b);

// The SignatureScheme (RFC 8446 §4.2.3) by which a client says that it accepts the kind; RSA has several.
std::optional<std::uint16_t> signature_scheme(KeyKind kind);

}  // namespace baton::handshake
