#include "handshake/key_kind.h"

#include <openssl/objects.h>

#include <array>

namespace baton::handshake {
namespace {

constexpr int kMinRsaBits = 2048;

bool is_ecdsa(KeyKind kind) {
  return kind == KeyKind::ecdsa_p256 || kind == KeyKind::ecdsa_p384;
}

std::optional<KeyKind> curve_kind(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) return std::nullopt;
  switch (OBJ_txt2nid(name.data())) {
    case NID_X9_62_prime256v1:
      return KeyKind::ecdsa_p256;
    case NID_secp384r1:
      return KeyKind::ecdsa_p384;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string_view to_string(KeyKind kind) {
  switch (kind) {
    case KeyKind::ecdsa_p256:
      return "ecdsa_secp256r1";
    case KeyKind::ecdsa_p384:
      return "ecdsa_secp384r1";
    case KeyKind::rsa:
      return "rsa";
    case KeyKind::ed25519:
      return "ed25519";
  }
  return "unknown";
}

std::optional<KeyKind> key_kind(const EVP_PKEY* key) {
  if (key == nullptr) return std::nullopt;
  switch (EVP_PKEY_base_id(key)) {
    case EVP_PKEY_EC:
      return curve_kind(key);
    case EVP_PKEY_ED25519:
      return KeyKind::ed25519;
    case EVP_PKEY_RSA:
      return EVP_PKEY_bits(key) >= kMinRsaBits ? std::optional(KeyKind::rsa) : std::nullopt;
    default:
      return std::nullopt;
  }
}

bool is_slow(KeyKind kind) {
  return kind == KeyKind::rsa || kind == KeyKind::ecdsa_p384;
}

bool share_a_place(KeyKind a, KeyKind b) {
  return a == b || (is_ecdsa(a) && is_ecdsa(b));
}

std::optional<std::uint16_t> signature_scheme(KeyKind kind) {
  switch (kind) {
    case KeyKind::ecdsa_p256:
      return 0x0403;  // ecdsa_secp256r1_sha256
    case KeyKind::ecdsa_p384:
      return 0x0503;  // ecdsa_secp384r1_sha384
    case KeyKind::ed25519:
      return 0x0807;  // ed25519
    case KeyKind::rsa:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace baton::handshake
