#include "tls/signing_input.h"

#include <algorithm>
#include <string_view>

namespace baton::tls {
namespace {

constexpr std::size_t kPadding = 64;  // spaces
constexpr std::string_view kServerContext = "TLS 1.3, server CertificateVerify";
constexpr std::string_view kClientContext = "TLS 1.3, client CertificateVerify";
static_assert(kServerContext.size() == kClientContext.size());

constexpr std::size_t kRandom = 32;
constexpr std::uint8_t kNamedCurve = 3;
constexpr std::uint8_t kUncompressed = 4;  // the first byte of such a point

bool is_transcript_hash(std::size_t size) {
  return size == 32 || size == 48;  // SHA-256, SHA-384: the hashes of the cipher suites
}

// RFC 8446 §4.4.3: "The digital signature is then computed over the concatenation of: A string that consists
// of octet 32 (0x20) repeated 64 times; The context string; A single 0 byte which serves as the separator;
// The content to be signed".
std::optional<SigningKind> parse_certificate_verify(ByteView input) {
  ByteReader reader(input);
  const ByteView padding = reader.bytes(kPadding);
  const std::string_view context = as_text(reader.bytes(kServerContext.size()));
  const std::uint8_t separator = reader.u8();
  if (!reader.ok() || separator != 0 || !is_transcript_hash(reader.left())) return std::nullopt;
  if (std::ranges::any_of(padding, [](std::uint8_t byte) { return byte != ' '; })) return std::nullopt;
  if (context == kServerContext) return SigningKind::tls13_server;
  if (context == kClientContext) return SigningKind::tls13_client;
  return std::nullopt;
}

// Bytes of a public key on a curve (RFC 8422 §5.1.1), 0 for one that is not known.
std::size_t public_key_size(std::uint16_t curve) {
  switch (curve) {
    case 23:  // secp256r1
      return 1 + 2 * 32;
    case 24:  // secp384r1
      return 1 + 2 * 48;
    case 25:  // secp521r1
      return 1 + 2 * 66;
    case 29:  // x25519
      return 32;
    case 30:  // x448
      return 56;
    default:
      return 0;
  }
}

bool is_of_nist(std::uint16_t curve) {
  return curve <= 25;
}

// RFC 8422 §5.4: client random, server random, and ServerECDHParams.
std::optional<SigningKind> parse_server_key_exchange(ByteView input) {
  ByteReader reader(input);
  reader.bytes(2 * kRandom);
  const std::uint8_t curve_type = reader.u8();
  const std::uint16_t curve = reader.u16();
  const ByteView point = reader.bytes(reader.u8());
  if (!reader.finished() || curve_type != kNamedCurve || point.empty()) return std::nullopt;
  if (point.size() != public_key_size(curve)) return std::nullopt;
  if (is_of_nist(curve) && point[0] != kUncompressed) return std::nullopt;
  return SigningKind::tls12_server;
}

}  // namespace

std::optional<SigningKind> parse_signing_input(ByteView input) {
  // No input is both: where one has a curve type of 3, the other has the "T" of its context.
  if (const auto kind = parse_certificate_verify(input)) return kind;
  return parse_server_key_exchange(input);
}

}  // namespace baton::tls

namespace baton {

std::string_view to_string(SigningKind kind) {
  switch (kind) {
    case SigningKind::tls13_server:
      return "tls13-server";
    case SigningKind::tls12_server:
      return "tls12-server";
    case SigningKind::tls13_client:
      return "tls13-client";
  }
  return "unknown";
}

std::optional<SigningKind> signing_kind_of(ByteView input) {
  return tls::parse_signing_input(input);
}

}  // namespace baton
