// The rules of signing: what a key store signs with which key. Pure functions of the request.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "baton/signing.h"
#include "handshake/key_kind.h"

namespace baton::offload {

using baton::KeyDigest;
using baton::SigningKind;
using baton::SigningRefusal;

// A set of kinds.
class SigningKinds {
 public:
  constexpr SigningKinds() = default;
  constexpr SigningKinds(std::initializer_list<SigningKind> kinds) {
    for (const SigningKind kind : kinds) add(kind);
  }

  constexpr void add(SigningKind kind) { bits_ |= bit(kind); }
  constexpr bool contains(SigningKind kind) const { return (bits_ & bit(kind)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr SigningKinds operator&(SigningKinds a, SigningKinds b) {
    SigningKinds both;
    both.bits_ = a.bits_ & b.bits_;
    return both;
  }
  friend constexpr bool operator==(SigningKinds, SigningKinds) = default;

 private:
  static constexpr std::uint32_t bit(SigningKind kind) {
    const auto number = static_cast<std::uint8_t>(kind);
    return number < 32 ? std::uint32_t{1} << number : 0;  // numbers come from outside
  }
  std::uint32_t bits_ = 0;
};

// What keys sign unless their configuration says otherwise: as servers do.
inline constexpr SigningKinds kServerKinds{SigningKind::tls13_server, SigningKind::tls12_server};

// Why a request is refused.
struct SigningRefused {
  SigningRefusal reason;
  std::string text;  // for logs; printable ASCII
};

// Whether a key of that kind, which may sign `allowed`, signs this. nullopt: it does.
std::optional<SigningRefused> check_signing(SigningKind kind, std::uint16_t scheme, ByteView input,
                                            handshake::KeyKind key, SigningKinds allowed);

// "rsa_pss_rsae_sha256", …; "0x0807"-like numbers for those that no key here has.
std::string scheme_name(std::uint16_t scheme);

}  // namespace baton::offload
