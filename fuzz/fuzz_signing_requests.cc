// The rules of signing, given any request: what they let pass is held against what may be signed at all.
// Input: kind, scheme, key, allowed kinds, then what is to be signed.
#include <cstdlib>

#include "handshake/signature_schemes.h"
#include "offload/signing_request.h"

namespace {

using namespace baton;
using namespace baton::offload;

bool is_spaces(ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    if (byte != ' ') return false;
  }
  return true;
}

// Told again in other words, for the sizes that there are.
bool may_be_signed(SigningKind kind, ByteView input) {
  switch (kind) {
    case SigningKind::tls13_server:
    case SigningKind::tls13_client:
      return (input.size() == 130 || input.size() == 146) && is_spaces(input.first(64)) &&
             as_text(input.subspan(64, 9)) == "TLS 1.3, " &&
             as_text(input.subspan(73, 6)) == (kind == SigningKind::tls13_client ? "client" : "server") &&
             as_text(input.subspan(79, 18)) == " CertificateVerify" && input[97] == 0;
    case SigningKind::tls12_server: {
      if (input.size() < 68 || input[64] != 3 || input[65] != 0) return false;
      const std::size_t size = input.size() - 68;
      if (input[67] != size) return false;
      return input[66] == 23   ? size == 65
             : input[66] == 24 ? size == 97
             : input[66] == 25 ? size == 133
             : input[66] == 29 ? size == 32
                               : input[66] == 30 && size == 56;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader reader(ByteView(data, size));
  const auto kind = static_cast<SigningKind>(reader.u8());
  const std::uint16_t scheme = reader.u16();
  const auto key = static_cast<handshake::KeyKind>(reader.u8() % 4);
  const std::uint8_t bits = reader.u8();
  SigningKinds allowed;
  for (unsigned bit = 0; bit < 8; ++bit) {
    if ((bits >> bit & 1) != 0) allowed.add(static_cast<SigningKind>(bit));
  }
  const ByteView input = reader.remaining();
  if (check_signing(kind, scheme, input, key, allowed)) return 0;
  if (!allowed.contains(kind) || !may_be_signed(kind, input)) std::abort();
  const handshake::SignatureScheme* known = handshake::find_scheme(scheme);
  if (known == nullptr || !handshake::fits_key(*known, key)) std::abort();
  if (kind != SigningKind::tls12_server && !handshake::fits_tls13(*known, key)) std::abort();
  return 0;
}
