// The envelope, byte by byte: contents that only a holder of the ring could forge, the golden envelope, and
// the seeds of the fuzzer.
#include "serialization/envelope.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

#include "crypto/nonce_recorder.h"
#include "support/states.h"

namespace baton::serialization {
namespace {

using std::chrono::seconds;

constexpr UnixTime kSealedAt{seconds{1'800'000'000}};
constexpr UnixTime kNow = kSealedAt + seconds(10);

// fuzz_envelope.cc has the same ring.
constexpr std::string_view kRing =
    "baton-key-ring 1\n"
    "# The ring of the golden envelope. Its secrets are in the open: use it for nothing else.\n"
    "key 0011223344556677 next 1790000000 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n"
    "key 8899aabbccddeeff current 1780000000 "
    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f\n";

KeyRing golden_ring() {
  return KeyRing::parse_unprotected(as_bytes(kRing), "golden").value();
}

Seal golden_seal(std::shared_ptr<ClaimStore> claims) {
  return Seal::create(golden_ring(), std::move(claims), {"cluster-1", "handover", seconds(60), seconds(30)})
      .value();
}

EnvelopeInfo golden_info() {
  EnvelopeInfo info{{}, kSealedAt, kSealedAt + kMaxEnvelopeLifetime, Role::server, "handover", "cluster-1"};
  for (std::uint8_t i = 0; i < info.claim_id.size(); ++i)
    info.claim_id[i] = static_cast<std::uint8_t>(0xC0 + i);
  return info;
}

SecretBuffer golden_connection(Role role = Role::server) {
  tls::ConnectionState state;
  state.role = role;
  state.suite = tls::find_cipher_suite(0x1302);
  for (tls::DirectionState* direction : {&state.read, &state.write}) {
    direction->keying = tls::KeyingMaterial(48);
    std::uint8_t next = direction == &state.read ? 0x10 : 0x80;
    for (std::uint8_t& byte : direction->keying.data()) byte = next++;
  }
  state.read.sequence = 0x0102030405060708;
  state.write.sequence = 0x1112131415161718;
  state.server_name = "www.example.com";
  state.alpn = "http/1.1";
  return serialize_unprotected(std::move(state), SerializationVersion::v1).value();
}

SecretBuffer content_of(const EnvelopeInfo& info) {
  return encode_envelope_content(info, golden_connection());
}

Bytes envelope_of(SecretBuffer content, const EnvelopeSalt& salt) {
  return encrypt_envelope(golden_ring().internal().current(), salt, std::move(content)).value();
}

// The same bytes each time, which is for files only.
Bytes fixed_envelope(SecretBuffer content, std::uint8_t first_of_salt) {
#ifdef BATON_TEST_HOOKS
  crypto::forget_recorded_nonces();  // or a test that is repeated would count as a nonce that is
#endif
  EnvelopeSalt salt{};
  for (std::uint8_t& byte : salt) byte = first_of_salt++;
  return envelope_of(std::move(content), salt);
}

// A well-formed envelope around any content; each gets a salt of its own.
class ForgedTest : public test::SeededTest {
 protected:
  Bytes new_envelope(SecretBuffer content) {
    EnvelopeSalt salt{};
    for (std::uint8_t& byte : salt) byte = static_cast<std::uint8_t>(random_());
    return envelope_of(std::move(content), salt);
  }
  std::optional<ErrorCode> open_code(SecretBuffer content) {
    const Bytes envelope = new_envelope(std::move(content));
    const auto claims = std::make_shared<MemoryClaimStore>();
    auto state = open(envelope, golden_seal(claims), {Role::server, {}, kNow});
    EXPECT_EQ(claims->size(), state ? 1u : 0u);
    auto inspected = inspect_unprotected(envelope, golden_ring());
    EXPECT_EQ(inspected.has_value(), state || state.error().code != ErrorCode::malformed)
        << "inspect_unprotected() refuses what is malformed, and nothing else here";
    return state ? std::nullopt : std::optional(state.error().code);
  }
  std::optional<ErrorCode> open_code(const std::function<void(EnvelopeInfo&)>& change) {
    EnvelopeInfo info = golden_info();
    change(info);
    return open_code(content_of(info));
  }
  // Changes one byte of the content.
  std::optional<ErrorCode> with_byte(std::size_t place, std::uint8_t value) {
    SecretBuffer content = content_of(golden_info());
    content.at(place) = value;
    return open_code(std::move(content));
  }
};

// Places in the content.
constexpr std::size_t kExpiresAt = 24;
constexpr std::size_t kRole = 32;
constexpr std::size_t kPurposeLength = 33;
constexpr std::size_t kConnectionLength = 33 + 1 + 8 + 1 + 9;  // handover, cluster-1

TEST_F(ForgedTest, WhatIsNotForgedOpens) {
  EXPECT_EQ(open_code(content_of(golden_info())), std::nullopt);
}

TEST_F(ForgedTest, PaddingMustBeZeroAndAsLongAsItMustBe) {
  const std::size_t content_size = kConnectionLength + 4 + golden_connection().size();
  EXPECT_EQ(with_byte(content_size, 1), ErrorCode::malformed);
  EXPECT_EQ(with_byte(1023, 1), ErrorCode::malformed);
  SecretBuffer longer = content_of(golden_info());
  longer.resize(2048);
  EXPECT_EQ(open_code(std::move(longer)), ErrorCode::malformed);
}

TEST_F(ForgedTest, LengthsMustFit) {
  EXPECT_EQ(with_byte(kConnectionLength, 0xFF), ErrorCode::malformed);
  EXPECT_EQ(with_byte(kConnectionLength + 2, 0x04), ErrorCode::malformed)
      << "a connection of over 1024 bytes";
  EXPECT_EQ(with_byte(kPurposeLength, 0xFF), ErrorCode::malformed);
  EXPECT_EQ(open_code(SecretBuffer(1024)), ErrorCode::malformed) << "all zero";
  EXPECT_EQ(open_code(SecretBuffer(1024, 0xFF)), ErrorCode::malformed);
}

TEST_F(ForgedTest, RolesMustBeKnownAndAgree) {
  EXPECT_EQ(with_byte(kRole, 2), ErrorCode::malformed);
  EXPECT_EQ(with_byte(kRole, 255), ErrorCode::malformed);
  EXPECT_EQ(open_code(encode_envelope_content(golden_info(), golden_connection(Role::client))),
            ErrorCode::malformed)
      << "the connection is a client's, and the envelope says a server's";
}

TEST_F(ForgedTest, TimesMustBeInRange) {
  EXPECT_EQ(with_byte(kExpiresAt, 0xFF), ErrorCode::malformed);
  EXPECT_EQ(with_byte(kExpiresAt, 0x7F), ErrorCode::malformed);
  const auto lasts_a_second = [&](UnixTime sealed_at) {
    return open_code([&](EnvelopeInfo& info) {
      info.sealed_at = sealed_at;
      info.expires_at = sealed_at + seconds(1);
    });
  };
  EXPECT_EQ(lasts_a_second(kLatestTime - seconds(1)), ErrorCode::not_yet_valid) << "but in range";
  EXPECT_EQ(lasts_a_second(kLatestTime), ErrorCode::malformed);
  EXPECT_EQ(open_code([](EnvelopeInfo& info) { info.sealed_at = kLatestTime + seconds(1); }),
            ErrorCode::malformed);
}

TEST_F(ForgedTest, LifetimesMustBePossible) {
  const auto lasts = [&](seconds lifetime, UnixTime sealed_at) {
    return open_code([&](EnvelopeInfo& info) {
      info.sealed_at = sealed_at;
      info.expires_at = sealed_at + lifetime;
    });
  };
  EXPECT_EQ(lasts(kMaxEnvelopeLifetime, kSealedAt), std::nullopt);
  EXPECT_EQ(lasts(kMaxEnvelopeLifetime + seconds(1), kSealedAt), ErrorCode::malformed);
  EXPECT_EQ(lasts(seconds(1), kNow), std::nullopt);
  EXPECT_EQ(lasts(seconds(0), kNow + seconds(1)), ErrorCode::malformed);
  EXPECT_EQ(lasts(seconds(-1), kNow + seconds(2)), ErrorCode::malformed);
}

TEST_F(ForgedTest, NamesMustNotBeEmpty) {
  EXPECT_EQ(open_code([](EnvelopeInfo& info) { info.purpose.clear(); }), ErrorCode::malformed);
  EXPECT_EQ(open_code([](EnvelopeInfo& info) { info.audience.clear(); }), ErrorCode::malformed);
}

TEST_F(ForgedTest, TheConnectionMustBeOne) {
  EXPECT_EQ(with_byte(kConnectionLength + 4, 'X'), ErrorCode::malformed);
  SecretBuffer longer = golden_connection();
  longer.push_back(0);
  const Bytes envelope = new_envelope(encode_envelope_content(golden_info(), longer));
  EXPECT_EQ(inspect_unprotected(envelope, golden_ring()).error().code, ErrorCode::truncated)
      << "half a field behind its end";
}

TEST_F(ForgedTest, CiphertextsHaveTheSizesThatAWriterWrites) {
  const Bytes envelope = new_envelope(content_of(golden_info()));
  const auto code_of = [&](std::size_t ciphertext_size) {
    Bytes header(envelope.begin(), envelope.begin() + kEnvelopeHeaderSize - 4);
    ByteWriter(header).u32(static_cast<std::uint32_t>(ciphertext_size));
    auto parts = parse_envelope_header(header);
    return parts ? std::nullopt : std::optional(parts.error().code);
  };
  const std::size_t largest = kMaxEnvelopeSize - kEnvelopeHeaderSize;
  for (const std::size_t size : {std::size_t{1024 + 16}, std::size_t{2048 + 16}, largest}) {
    EXPECT_EQ(code_of(size), std::nullopt) << size;
    EXPECT_EQ(code_of(size - 1), ErrorCode::malformed) << size;
    EXPECT_EQ(code_of(size + 1), ErrorCode::malformed) << size;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{15}, std::size_t{16}, std::size_t{512 + 16},
                                 2 * largest - 16, std::size_t{UINT32_MAX}}) {
    EXPECT_EQ(code_of(size), ErrorCode::malformed) << size;
  }
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// BATON_WRITE_GOLDEN=1 writes the files that do not exist yet.
std::string golden_file(const std::string& name, std::string_view content) {
  const auto path = std::filesystem::path(BATON_SOURCE_DIR) / "tests/golden/envelope" / name;
  if (std::getenv("BATON_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(path)) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }
  return read_file(path);
}

TEST(GoldenEnvelope, BytesOfVersion1DoNotChange) {
  EXPECT_EQ(golden_file("keyring", kRing), kRing);
  const Bytes made = fixed_envelope(content_of(golden_info()), 0xA0);
  const std::string stored = golden_file("v1.bin", as_text(made));
  EXPECT_EQ(to_hex(as_bytes(stored)), to_hex(made));

  auto state =
      open(as_bytes(stored), golden_seal(std::make_shared<MemoryClaimStore>()), {Role::server, {}, kNow});
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(*serialize_unprotected(std::move(*state), SerializationVersion::v1), golden_connection());
  EXPECT_EQ(inspect_unprotected(as_bytes(stored), golden_ring())->envelope.claim_id, golden_info().claim_id);
}

// Contents of envelopes without their padding, which fuzz_envelope adds.
std::map<std::string, SecretBuffer> content_seeds() {
  std::map<std::string, SecretBuffer> seeds;
  const auto add = [&](const std::string& name, const EnvelopeInfo& info, const SecretBuffer& connection) {
    SecretBuffer content = encode_envelope_content(info, connection);
    content.resize(kFixedContentSize + info.purpose.size() + info.audience.size() + connection.size());
    seeds[name] = std::move(content);
  };
  const auto changed = [](const std::function<void(EnvelopeInfo&)>& change) {
    EnvelopeInfo info = golden_info();
    change(info);
    return info;
  };
  add("content-server", golden_info(), golden_connection());
  add("content-client", changed([](auto& info) { info.role = Role::client; }),
      golden_connection(Role::client));
  add("content-other-role", golden_info(), golden_connection(Role::client));
  add("content-audience", changed([](auto& info) { info.audience = "cluster-2"; }), golden_connection());
  add("content-purpose", changed([](auto& info) { info.purpose = "park"; }), golden_connection());
  add("content-early", changed([](auto& info) { info.sealed_at += seconds(99); }), golden_connection());
  add("content-expired", changed([](auto& info) { info.expires_at = kSealedAt; }), golden_connection());
  add("content-long", changed([](auto& info) { info.expires_at += seconds(1); }), golden_connection());
  add("content-empty", golden_info(), {});
  return seeds;
}

std::map<std::string, Bytes> envelope_seeds() {
  std::map<std::string, Bytes> seeds;
  seeds["envelope"] = fixed_envelope(content_of(golden_info()), 0x40);
  EnvelopeInfo client = golden_info();
  client.role = Role::client;
  const SecretBuffer connection = golden_connection(Role::client);
  seeds["envelope-client"] = fixed_envelope(encode_envelope_content(client, connection), 0x41);
  seeds["envelope-bad-seal"] = seeds["envelope"];
  seeds["envelope-bad-seal"].back() ^= 1;
  seeds["envelope-truncated"] = {seeds["envelope"].begin(), seeds["envelope"].begin() + 60};
  seeds["envelope-trailing"] = seeds["envelope"];
  seeds["envelope-trailing"].push_back(0);
  seeds["envelope-version-2"] = seeds["envelope"];
  seeds["envelope-version-2"][5] = 2;
  seeds["envelope-unknown-key"] = seeds["envelope"];
  seeds["envelope-unknown-key"][6] ^= 1;
  return seeds;
}

// The seeds of fuzz_envelope must be what this test makes; BATON_WRITE_CORPUS=1 writes them anew.
TEST(Corpus, Envelope) {
  std::map<std::string, Bytes> seeds = envelope_seeds();
  for (const auto& [name, content] : content_seeds()) seeds[name] = Bytes(content.begin(), content.end());
  const auto folder = std::filesystem::path(BATON_SOURCE_DIR) / "fuzz/corpus/fuzz_envelope";
  if (std::getenv("BATON_WRITE_CORPUS") != nullptr) {
    std::filesystem::create_directories(folder);
    for (const auto& [name, bytes] : seeds) std::ofstream(folder / name, std::ios::binary) << as_text(bytes);
  }
  for (const auto& [name, bytes] : seeds) {
    EXPECT_EQ(to_hex(as_bytes(read_file(folder / name))), to_hex(bytes)) << name;
  }
}

TEST(Corpus, TheFuzzerHasTheGoldenRing) {
  const std::string fuzzer = read_file(std::filesystem::path(BATON_SOURCE_DIR) / "fuzz/fuzz_envelope.cc");
  const KeyRing ring = golden_ring();
  for (const RingKey& key : ring.internal().list) {
    EXPECT_NE(fuzzer.find(to_hex(key.id)), std::string::npos);
    EXPECT_NE(fuzzer.find(to_hex(key.secret.view())), std::string::npos);
  }
}

}  // namespace
}  // namespace baton::serialization
