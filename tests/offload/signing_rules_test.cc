// What a key store signs: the rules, row by row. Whatever is not here is refused.

#include <gtest/gtest.h>

#include "offload/signing_inputs.h"
#include "offload/signing_request.h"

namespace baton::offload::test {
namespace {

using enum SigningKind;
using enum SigningRefusal;
using handshake::KeyKind;

constexpr std::uint16_t kX25519 = 29;
constexpr std::uint16_t kP256 = 23;

Bytes tls13() {
  return certificate_verify(kServerContext, 32);
}
Bytes tls12() {
  return server_key_exchange(kX25519, 32);
}

std::optional<SigningRefusal> verdict(SigningKind kind, std::uint16_t scheme, ByteView input, KeyKind key,
                                      SigningKinds allowed = kServerKinds) {
  const auto refused = check_signing(kind, scheme, input, key, allowed);
  if (!refused) return std::nullopt;
  EXPECT_FALSE(refused->text.empty());
  return refused->reason;
}

// --- the input ---

struct InputRow {
  const char* what;
  Bytes input;
  std::optional<SigningKind> kind;
};

Bytes cut(Bytes input, std::size_t count) {
  input.erase(input.end() - static_cast<std::ptrdiff_t>(count), input.end());
  return input;
}
Bytes with(Bytes input, std::size_t at, std::uint8_t byte) {
  input.at(at) = byte;
  return input;
}
Bytes longer(Bytes input) {
  input.push_back(0);
  return input;
}

std::vector<InputRow> input_rows() {
  return {
      {"CertificateVerify, SHA-256", certificate_verify(kServerContext, 32), tls13_server},
      {"CertificateVerify, SHA-384", certificate_verify(kServerContext, 48), tls13_server},
      {"a client's, SHA-256", certificate_verify(kClientContext, 32), tls13_client},
      {"a client's, SHA-384", certificate_verify(kClientContext, 48), tls13_client},
      {"X25519", server_key_exchange(29, 32), tls12_server},
      {"X448", server_key_exchange(30, 56), tls12_server},
      {"P-256", server_key_exchange(23, 65), tls12_server},
      {"P-384", server_key_exchange(24, 97), tls12_server},
      {"P-521", server_key_exchange(25, 133), tls12_server},
      {"X25519 may begin with any byte", server_key_exchange(29, 32, 32, 3, 2), tls12_server},

      {"nothing", {}, {}},
      {"a digest of SHA-256", Bytes(32, 0x11), {}},
      {"a digest of SHA-384", Bytes(48, 0x11), {}},
      {"a digest of SHA-512", Bytes(64, 0x11), {}},
      {"a DigestInfo", Bytes(51, 0x30), {}},
      {"64 spaces", Bytes(64, ' '), {}},
      {"130 spaces", Bytes(130, ' '), {}},
      {"no transcript hash", certificate_verify(kServerContext, 0), {}},
      {"a transcript hash of SHA-1", certificate_verify(kServerContext, 20), {}},
      {"a byte less", certificate_verify(kServerContext, 31), {}},
      {"a byte more", certificate_verify(kServerContext, 33), {}},
      {"between the hashes", certificate_verify(kServerContext, 40), {}},
      {"a byte more than SHA-384", certificate_verify(kServerContext, 49), {}},
      {"SHA-512", certificate_verify(kServerContext, 64), {}},
      {"no space at the beginning", with(tls13(), 0, 0), {}},
      {"no space at the end", with(tls13(), 63, '_'), {}},
      {"another separator", with(tls13(), 97, 1), {}},
      {"another context", certificate_verify("TLS 1.3, server CertificateVerifY", 32), {}},
      {"a context of the same length", certificate_verify("TLS 1.3, exporter CertificateVeri", 32), {}},
      {"a shorter context", certificate_verify("TLS 1.3, server", 32), {}},
      {"delegated credentials", certificate_verify("TLS, server delegated credentials", 32), {}},

      {"randoms alone", Bytes(64, 0x5a), {}},
      {"an empty point", server_key_exchange(29, 0), {}},
      {"X25519, a byte less", server_key_exchange(29, 31), {}},
      {"X25519, a byte more", server_key_exchange(29, 33), {}},
      {"a length that is too large", server_key_exchange(29, 32, 33), {}},
      {"a length that is too small", server_key_exchange(29, 32, 31), {}},
      {"something behind", longer(tls12()), {}},
      {"something missing", cut(tls12(), 1), {}},
      {"the point of another curve", server_key_exchange(24, 65), {}},
      {"P-256, compressed", server_key_exchange(23, 33, 33, 3, 2), {}},
      {"P-256, first byte of a compressed one", server_key_exchange(23, 65, 65, 3, 2), {}},
      {"P-384, hybrid form", server_key_exchange(24, 97, 97, 3, 6), {}},
      {"explicit prime", server_key_exchange(23, 65, 65, 1), {}},
      {"explicit char2", server_key_exchange(23, 65, 65, 2), {}},
      {"curve type 0", server_key_exchange(29, 32, 32, 0), {}},
      {"secp192r1", server_key_exchange(19, 49), {}},
      {"secp256k1", server_key_exchange(22, 65), {}},
      {"brainpool", server_key_exchange(26, 65), {}},
      {"ffdhe2048", server_key_exchange(256, 200), {}},
      {"curve 0", server_key_exchange(0, 65), {}},
  };
}

TEST(SigningRules, TheInputSaysWhatItIs) {
  for (const InputRow& row : input_rows()) EXPECT_EQ(signing_kind_of(row.input), row.kind) << row.what;
}

// Under every kind that it might be said to be, and with every kind allowed.
TEST(SigningRules, OnlyTheOwnKindIsSigned) {
  constexpr SigningKinds kAll{tls13_server, tls12_server, tls13_client};
  for (const InputRow& row : input_rows()) {
    for (const SigningKind kind : {tls13_server, tls12_server, tls13_client}) {
      const auto expected = row.kind == kind ? std::nullopt : std::optional(input_refused);
      EXPECT_EQ(verdict(kind, 0x0403, row.input, KeyKind::ecdsa_p256, kAll), expected)
          << row.what << " as " << to_string(kind);
    }
  }
}

// Any single byte of the frame around the secret part, changed: refused.
TEST(SigningRules, EveryByteOfTheContextCounts) {
  const Bytes input = tls13();
  for (std::size_t at = 0; at < input.size() - 32; ++at) {
    EXPECT_NE(signing_kind_of(with(input, at, input[at] ^ 1)), tls13_server) << at;
  }
}

TEST(SigningRules, EveryOtherLengthIsRefused) {
  const Bytes input = certificate_verify(kServerContext, 48);
  for (std::size_t size = 0; size < input.size(); ++size) {
    const auto kind = signing_kind_of(ByteView(input).first(size));
    EXPECT_EQ(kind, size == 130 ? std::optional(tls13_server) : std::nullopt) << size;
  }
}

// --- the kind ---

TEST(SigningRules, KindsThatAreNotAllowedAreRefused) {
  struct Row {
    SigningKind kind;
    SigningKinds allowed;
    std::optional<SigningRefusal> verdict;
  };
  const Row rows[] = {
      {tls13_server, kServerKinds, {}},
      {tls12_server, kServerKinds, {}},
      {tls13_client, kServerKinds, kind_refused},
      {tls13_client, {tls13_client}, {}},
      {tls13_server, {tls13_client}, kind_refused},
      {tls13_server, {}, kind_refused},
      {tls12_server, {tls13_server}, kind_refused},
  };
  for (const Row& row : rows) {
    const Bytes input = row.kind == tls13_server   ? tls13()
                        : row.kind == tls12_server ? tls12()
                                                   : certificate_verify(kClientContext, 32);
    EXPECT_EQ(verdict(row.kind, 0x0403, input, KeyKind::ecdsa_p256, row.allowed), row.verdict)
        << to_string(row.kind);
  }
  for (unsigned number = 0; number <= 255; ++number) {
    if (number >= 1 && number <= 3) continue;
    EXPECT_EQ(verdict(static_cast<SigningKind>(number), 0x0403, tls13(), KeyKind::ecdsa_p256), kind_refused)
        << number;
  }
}

// --- the scheme ---

struct SchemeRow {
  std::uint16_t scheme;
  KeyKind key;
  bool in_tls13;
  bool in_tls12;
};

// All that is signed; every other pair of 65,536 schemes and four keys is refused.
constexpr SchemeRow kSchemes[] = {
    {0x0403, KeyKind::ecdsa_p256, true, true},  {0x0503, KeyKind::ecdsa_p256, false, true},
    {0x0603, KeyKind::ecdsa_p256, false, true}, {0x0403, KeyKind::ecdsa_p384, false, true},
    {0x0503, KeyKind::ecdsa_p384, true, true},  {0x0603, KeyKind::ecdsa_p384, false, true},
    {0x0804, KeyKind::rsa, true, true},         {0x0805, KeyKind::rsa, true, true},
    {0x0806, KeyKind::rsa, true, true},         {0x0401, KeyKind::rsa, false, true},
    {0x0501, KeyKind::rsa, false, true},        {0x0601, KeyKind::rsa, false, true},
    {0x0807, KeyKind::ed25519, true, true},
};

TEST(SigningRules, SchemesFitTheKeyAndTheVersion) {
  const Bytes in_tls13 = tls13();
  const Bytes in_tls12 = tls12();
  const Bytes of_client = certificate_verify(kClientContext, 48);
  for (const KeyKind key : {KeyKind::ecdsa_p256, KeyKind::ecdsa_p384, KeyKind::rsa, KeyKind::ed25519}) {
    for (unsigned scheme = 0; scheme <= 0xffff; ++scheme) {
      SchemeRow expected{};
      for (const SchemeRow& row : kSchemes) {
        if (row.scheme == scheme && row.key == key) expected = row;
      }
      const auto number = static_cast<std::uint16_t>(scheme);
      const auto wanted = [](bool allowed) { return allowed ? std::nullopt : std::optional(scheme_refused); };
      ASSERT_EQ(verdict(tls13_server, number, in_tls13, key), wanted(expected.in_tls13))
          << scheme_name(number) << " with " << handshake::to_string(key);
      ASSERT_EQ(verdict(tls12_server, number, in_tls12, key), wanted(expected.in_tls12))
          << scheme_name(number) << " with " << handshake::to_string(key);
      ASSERT_EQ(verdict(tls13_client, number, of_client, key, {tls13_client}), wanted(expected.in_tls13));
    }
  }
}

TEST(SigningRules, SchemesHaveNames) {
  EXPECT_EQ(scheme_name(0x0804), "rsa_pss_rsae_sha256");
  EXPECT_EQ(scheme_name(0x0807), "ed25519");
  EXPECT_EQ(scheme_name(0x0201), "0x0201") << "SHA-1";
}

}  // namespace
}  // namespace baton::offload::test
