#include "offload/signing_request.h"

#include <array>

#include "handshake/signature_schemes.h"
#include "offload/text.h"
#include "tls/signing_input.h"

namespace baton::offload {
namespace {

using handshake::KeyKind;
using handshake::SignatureScheme;

bool is_tls13(SigningKind kind) {
  return kind == SigningKind::tls13_server || kind == SigningKind::tls13_client;
}

std::optional<SigningRefused> check_scheme(SigningKind kind, std::uint16_t number, KeyKind key) {
  const SignatureScheme* scheme = handshake::find_scheme(number);
  if (scheme != nullptr && handshake::fits_key(*scheme, key) &&
      (!is_tls13(kind) || handshake::fits_tls13(*scheme, key))) {
    return std::nullopt;
  }
  return SigningRefused{SigningRefusal::scheme_refused,
                        concat("the scheme ", scheme_name(number), " is not for ", to_string(kind),
                               " with a key of kind ", handshake::to_string(key))};
}

}  // namespace

std::optional<SigningRefused> check_signing(SigningKind kind, std::uint16_t scheme, ByteView input,
                                            KeyKind key, SigningKinds allowed) {
  if (!allowed.contains(kind)) {
    return SigningRefused{SigningRefusal::kind_refused,
                          concat("signatures of kind ", to_string(kind), " are not allowed")};
  }
  const std::optional<SigningKind> found = tls::parse_signing_input(input);
  if (found != kind) {
    const std::string_view what = found ? to_string(*found) : "no input of a TLS signature";
    return SigningRefused{SigningRefusal::input_refused,
                          concat("the input is ", what, ", not ", to_string(kind))};
  }
  return check_scheme(kind, scheme, key);
}

std::string scheme_name(std::uint16_t scheme) {
  if (const SignatureScheme* known = handshake::find_scheme(scheme)) return std::string(known->name);
  const std::array<std::uint8_t, 2> bytes = {static_cast<std::uint8_t>(scheme >> 8),
                                             static_cast<std::uint8_t>(scheme)};
  return "0x" + to_hex(bytes);
}

}  // namespace baton::offload
