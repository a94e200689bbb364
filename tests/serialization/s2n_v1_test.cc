// s2n-tls's format, version 1 (docs/s2n-tls.md): golden vectors, what cannot be carried, and hostile bytes.
#include "serialization/s2n_v1.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "serialization/serialization.h"
#include "support/awaiting.h"
#include "support/hex.h"
#include "support/states.h"

namespace baton::serialization {
namespace {

using test::from_hex;
using tls::ConnectionState;
using tls::KeyingMaterial;
using tls::ProtocolVersion;
using tls::Role;

// RFC 8448 §3: client_application_traffic_secret_0, server_application_traffic_secret_0, resumption master
// secret.
constexpr const char* kRfc8448Client = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
constexpr const char* kRfc8448Server = "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
constexpr const char* kRfc8448Resumption = "7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c";
// The whole records of application data of RFC 8448 §3, the octets 0 to 49.
constexpr const char* kRfc8448ClientData =
    "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f"
    "5a6292a2977014bd1e3deae63aeebb21694915e4";
constexpr const char* kRfc8448ServerData =
    "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4b"
    "f2e5f0a21c0047c2abf332540dd032e167c2955d";

// The first TLS 1.2 vector of each hash in NIST's tests of SP 800-135.
struct NistVector {
  const char* master;
  const char* client_random;
  const char* server_random;
  const char* key_block;  // its beginning: as much as any suite here needs
};
constexpr NistVector kSha256{
    "202c88c00f84a17a20027079604787461176455539e705be730890602c289a5001e34eeb3a043e5d52a65e66125188bf",
    "62e1fd91f23f558a605f28478c58cf72637b89784d959df7e946d3f07bd1b616",
    "ae6c806f8ad4d80784549dff28a4b58fd837681a51d928c3e30ee5ff14f39868",
    "d06139889fffac1e3a71865f504aa5d0d2a2e89506c6f2279b670c3e1b74f531016a2530c51a3a0f7e1d6590d0f0566b2f387f8d"
    "11fd4f731cdd572d2eae927f6f2f81410b25e6960be68985add6c38445ad9f8c64bf8068"};
constexpr NistVector kSha384{
    "b4d49bfa87747fe815457bc3da15073d6ac73389e703079a3503c09e14bd559a5b3c7c601c7365f6ea8c68d3d9596827",
    "954b5fe1849c2ede177438261f099a2fcd884d001b9fe1de754364b1f6a6dd8e",
    "1b1c8568344a65c30828e7483c0e353e2c68641c9551efae6927d9cd627a107c",
    "10fd89ef689c7ef033387b8a8f3e5e8e7c11f680f6bdd71fbac3246a73e98d45d03185dde686e6b2369e4503e9dc5a6d2cee3e2b"
    "f2fa3f41d3de57dff3e197c8a9d5f74cc2d277119d894f8584b07a0a5822f0bd68b3433e"};

// Of a connection of s2n-tls, written down field by field.
struct Golden {
  std::string name;
  std::string hex;
};

// version, TLS version, cipher suite, client's and server's sequence number, largest outgoing fragment
constexpr const char* kGoldenTls13Sha256 =
    "0000000000000001"
    "0304"
    "1301"
    "0000000000000000"
    "0000000000000001"
    "1f97";
constexpr const char* kGoldenTls13Sha384 =
    "0000000000000001"
    "0304"
    "1302"
    "0000000000010203"
    "0000000000040506"
    "4000";
constexpr const char* kGoldenTls12Sha256 =
    "0000000000000001"
    "0303"
    "c02f"
    "0000000000000003"
    "0000000000000007"
    "1f97";
constexpr const char* kGoldenTls12Sha384 =
    "0000000000000001"
    "0303"
    "c02c"
    "0000000000000003"
    "0000000000000007"
    "1f97";
constexpr const char* kGoldenTls12ChaCha20 =
    "0000000000000001"
    "0303"
    "cca9"
    "0000000000000003"
    "0000000000000007"
    "1f97";

std::string repeated(const char* hex, std::size_t count) {
  std::string all;
  while (count-- > 0) all += hex;
  return all;
}

std::string with_secrets(const char* fixed, const NistVector& vector) {
  return std::string(fixed) + vector.master + vector.client_random + vector.server_random;
}

std::vector<Golden> goldens() {
  return {
      {"TLS_AES_128_GCM_SHA256",
       std::string(kGoldenTls13Sha256) + kRfc8448Client + kRfc8448Server + kRfc8448Resumption},
      {"TLS_AES_256_GCM_SHA384",
       kGoldenTls13Sha384 + repeated("c1", 48) + repeated("5e", 48) + repeated("ee", 48)},
      {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", with_secrets(kGoldenTls12Sha256, kSha256)},
      {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", with_secrets(kGoldenTls12Sha384, kSha384)},
      {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", with_secrets(kGoldenTls12ChaCha20, kSha256)},
  };
}

Import as(Role role, ImportPolicy policy = {}) {
  return {role, std::move(policy), UnixTime(std::chrono::seconds(1'795'467'780))};
}

// Aborts the test where the bytes are refused.
ConnectionState read(ByteView bytes, Role role, MasterSecret master_secret = MasterSecret::kept) {
  auto state = deserialize_s2n_v1_unprotected(bytes, as(role), master_secret);
  if (!state) {
    ADD_FAILURE() << state.error().message;
    std::abort();
  }
  return std::move(*state);
}

Bytes write(ConnectionState state) {
  const std::size_t length = s2n_v1_length(*state.suite);
  auto bytes = serialize_s2n_v1_unprotected(std::move(state));
  if (!bytes) {
    ADD_FAILURE() << bytes.error().message;
    return {};
  }
  EXPECT_EQ(bytes->size(), length);
  return {bytes->begin(), bytes->end()};
}

void expect_refused(ByteView bytes, ErrorCode code, const Import& import = as(Role::server)) {
  const auto state = deserialize_s2n_v1_unprotected(bytes, import);
  ASSERT_FALSE(state);
  EXPECT_EQ(to_string(state.error().code), to_string(code)) << state.error().message;
}

// All but the resumption secret, which differs each time.
Bytes known_part(Bytes bytes, const tls::CipherSuite& suite) {
  if (suite.version == ProtocolVersion::tls13) bytes.resize(bytes.size() - crypto::hash_size(suite.hash));
  return bytes;
}

Bytes bytes_of_view(ByteView view) {
  return {view.begin(), view.end()};
}

// --- golden vectors: BATON_WRITE_GOLDEN=1 writes those that do not exist yet ---

TEST(S2nGolden, TheStoredVectorsAreTheLayout) {
  const std::filesystem::path folder = std::filesystem::path(BATON_SOURCE_DIR) / "tests/golden/s2n-v1";
  std::size_t files = 0;
  for (const Golden& golden : goldens()) {
    const auto path = folder / (golden.name + ".bin");
    const Bytes layout = from_hex(golden.hex);
    if (std::getenv("BATON_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(path)) {
      std::ofstream(path, std::ios::binary) << as_text(layout);
    }
    std::ifstream file(path, std::ios::binary);
    ASSERT_TRUE(file) << path;
    const std::string stored{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(to_hex(as_bytes(stored)), golden.hex) << path;
    ++files;
  }
  const auto stored_files = std::distance(std::filesystem::directory_iterator(folder), {});
  EXPECT_EQ(static_cast<std::size_t>(stored_files), files) << "a stored vector that no test reads";
}

TEST(S2nGolden, AreReadAndWrittenAgainInBothRoles) {
  for (const Golden& golden : goldens()) {
    const Bytes bytes = from_hex(golden.hex);
    for (const Role role : {Role::server, Role::client}) {
      ConnectionState state = read(bytes, role);
      const tls::CipherSuite& suite = *state.suite;
      EXPECT_EQ(suite.name, golden.name);
      EXPECT_EQ(state.role, role);
      EXPECT_EQ(state.max_receive_fragment, tls::kMaxRecordPlaintext);
      EXPECT_EQ(known_part(write(std::move(state)), suite), known_part(bytes, suite)) << golden.name;
    }
  }
}

TEST(S2nGolden, TheDirectionsFollowTheRole) {
  const Bytes bytes = from_hex(goldens()[0].hex);
  const ConnectionState server = read(bytes, Role::server);
  EXPECT_EQ(to_hex(server.read.keying.view()), kRfc8448Client);
  EXPECT_EQ(to_hex(server.write.keying.view()), kRfc8448Server);
  EXPECT_EQ(server.read.sequence, 0u);
  EXPECT_EQ(server.write.sequence, 1u);
  EXPECT_EQ(server.max_send_fragment, 8087u);
  const ConnectionState client = read(bytes, Role::client);
  EXPECT_EQ(to_hex(client.write.keying.view()), kRfc8448Client);
  EXPECT_EQ(to_hex(client.read.keying.view()), kRfc8448Server);
  EXPECT_EQ(client.write.sequence, 0u);
  EXPECT_EQ(client.read.sequence, 1u);
}

// What goes on is the connection of the RFC, bit for bit.
TEST(S2nGolden, TheRecordsOfRfc8448Follow) {
  const Bytes bytes = from_hex(goldens()[0].hex);
  tls::Connection server = test::connect(read(bytes, Role::server));
  tls::Connection client = test::connect(read(bytes, Role::client));
  Bytes payload;
  for (std::uint8_t i = 0; i < 50; ++i) payload.push_back(i);
  test::write(client, payload);
  EXPECT_EQ(to_hex(client.output()), kRfc8448ClientData);
  test::write(server, payload);
  EXPECT_EQ(to_hex(server.output()), kRfc8448ServerData);
}

void expect_keys_of(const NistVector& vector, const Bytes& bytes) {
  const ConnectionState server = read(bytes, Role::server);
  const ConnectionState client = read(bytes, Role::client);
  const std::size_t key = crypto::aead_key_size(server.suite->aead);
  const std::size_t iv = server.suite->fixed_iv_size();
  const Bytes block = from_hex(vector.key_block);
  const auto part = [&](std::size_t start, std::size_t size) {
    return to_hex(ByteView(block).subspan(start, size));
  };
  const std::string of_client = part(0, key) + part(2 * key, iv);
  const std::string of_server = part(key, key) + part(2 * key + iv, iv);
  EXPECT_EQ(to_hex(server.read.keying.view()), of_client);
  EXPECT_EQ(to_hex(server.write.keying.view()), of_server);
  EXPECT_EQ(to_hex(client.write.keying.view()), of_client);
  EXPECT_EQ(to_hex(client.read.keying.view()), of_server);
  const bool has_explicit_nonce = server.suite->explicit_nonce_size() != 0;
  EXPECT_EQ(server.next_explicit_nonce, has_explicit_nonce ? 7u : 0u);
  EXPECT_EQ(client.next_explicit_nonce, has_explicit_nonce ? 3u : 0u);
}

TEST(S2nGolden, TheKeysOfTls12AreNists) {
  expect_keys_of(kSha256, from_hex(goldens()[2].hex));
  expect_keys_of(kSha384, from_hex(goldens()[3].hex));
  expect_keys_of(kSha256, from_hex(goldens()[4].hex));
}

// R1: as s2n-tls does.
TEST(S2nGolden, TheExplicitNonceGoesOnAsTheSequenceNumber) {
  const Bytes bytes = from_hex(goldens()[2].hex);
  tls::Connection server = test::connect(read(bytes, Role::server));
  for (const std::uint64_t sequence : {7, 8, 9}) {
    test::write(server, test::bytes_of("x"));
    ByteReader record(server.output());
    record.bytes(tls::kRecordHeaderSize);
    EXPECT_EQ(record.u64(), sequence);
    server.output_sent(server.output().size());
  }
}

// --- what is written ---

class S2nFormat : public test::SeededTest {
 protected:
  // One that s2n-tls could have begun: its explicit nonces are its sequence numbers.
  ConnectionState state_of(const tls::CipherSuite& suite, Role role = Role::server) {
    auto pair = test::make_states(suite, random_, 5, 6);
    ConnectionState state = std::move(role == Role::server ? pair.server : pair.client);
    if (suite.explicit_nonce_size() != 0) state.next_explicit_nonce = state.write.sequence;
    if (suite.version == ProtocolVersion::tls12) state.tls12_secrets = secrets();
    return state;
  }
  ConnectionState tls13_state() { return state_of(*tls::find_cipher_suite(0x1301)); }
  ConnectionState tls12_gcm_state() { return state_of(*tls::find_cipher_suite(0xC02F)); }

  std::unique_ptr<tls::Tls12Secrets> secrets() {
    auto made = std::make_unique<tls::Tls12Secrets>();
    made->master = Secret<tls::kMasterSecretSize>(test::random_bytes(random_, tls::kMasterSecretSize));
    std::ranges::copy(test::random_bytes(random_, tls::kRandomSize), made->client_random.begin());
    std::ranges::copy(test::random_bytes(random_, tls::kRandomSize), made->server_random.begin());
    return made;
  }

  static void expect_not_written(ConnectionState state, ErrorCode code, std::string_view reason) {
    const auto bytes = serialize_s2n_v1_unprotected(std::move(state));
    ASSERT_FALSE(bytes) << reason;
    EXPECT_EQ(to_string(bytes.error().code), to_string(code)) << bytes.error().message;
    EXPECT_NE(bytes.error().message.find(reason), std::string::npos) << bytes.error().message;
  }
};

TEST_F(S2nFormat, RoundTripsEverySuiteInBothRoles) {
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    for (const Role role : {Role::server, Role::client}) {
      for (const MasterSecret master_secret : {MasterSecret::kept, MasterSecret::wiped}) {
        ConnectionState state = state_of(suite, role);
        state.max_send_fragment = 8087;
        const std::uint64_t sends = state.write.sequence;
        const std::uint64_t reads = state.read.sequence;
        const ConnectionState back = read(write(std::move(state)), role, master_secret);
        EXPECT_EQ(back.suite, &suite);
        EXPECT_EQ(back.write.sequence, sends);
        EXPECT_EQ(back.read.sequence, reads);
        EXPECT_EQ(back.max_send_fragment, 8087u);
        EXPECT_EQ(back.tls12_secrets != nullptr,
                  suite.version == ProtocolVersion::tls12 && master_secret == MasterSecret::kept);
      }
    }
  }
}

TEST_F(S2nFormat, HasTheSizesOfItsLayout) {
  EXPECT_EQ(write(tls13_state()).size(), 126u);
  EXPECT_EQ(write(state_of(*tls::find_cipher_suite(0x1302))).size(), 174u);
  EXPECT_EQ(write(tls12_gcm_state()).size(), 142u);
}

// With zeros, s2n-tls would issue tickets under a key that everybody knows.
TEST_F(S2nFormat, TheResumptionSecretIsRandom) {
  for (const char* name :
       {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    const tls::CipherSuite& suite = *tls::find_cipher_suite(name);
    const std::size_t size = crypto::hash_size(suite.hash);
    const auto resumption = [&] { return bytes_of_view(ByteView(write(state_of(suite))).last(size)); };
    const Bytes first = resumption();
    const Bytes second = resumption();
    EXPECT_NE(first, second);
    for (const Bytes& secret : {first, second}) {
      EXPECT_LT(static_cast<std::size_t>(std::ranges::count(secret, 0)), size / 4) << to_hex(secret);
    }
  }
}

TEST_F(S2nFormat, IsNotWrittenWithAnythingInFlight) {
  ConnectionState state = tls13_state();
  state.unread_ciphertext = {23};
  expect_not_written(std::move(state), ErrorCode::refused, "bytes of the peer that are not opened");
  state = tls13_state();
  state.unread_plaintext.assign(1, 'p');
  expect_not_written(std::move(state), ErrorCode::refused, "plaintext: consume");
  state = tls13_state();
  state.unsent_ciphertext = {23};
  expect_not_written(std::move(state), ErrorCode::refused, "bytes that were not sent: send output()");
  state = tls13_state();
  state.partial_handshake.assign(1, 4);
  expect_not_written(std::move(state), ErrorCode::refused, "half a handshake message");
  state = tls13_state();
  state.key_update_owed = true;
  expect_not_written(std::move(state), ErrorCode::refused, "a KeyUpdate that is owed");
}

TEST_F(S2nFormat, IsNotWrittenOfAConnectionThatDoesNotStandOpen) {
  ConnectionState state = tls13_state();
  state.read_closed = true;
  expect_not_written(std::move(state), ErrorCode::refused, "that the peer has closed");
  state = tls13_state();
  state.write_closed = true;
  expect_not_written(std::move(state), ErrorCode::refused, "that we have closed");
  state = std::move(test::make_awaiting(*tls::find_cipher_suite(0x1301), random_).server);
  expect_not_written(std::move(state), ErrorCode::refused, "awaits its client's Finished");
}

TEST_F(S2nFormat, IsNotWrittenWithALimitOnThePeersRecords) {
  ConnectionState state = tls13_state();
  state.max_receive_fragment = 4096;
  expect_not_written(std::move(state), ErrorCode::refused, "a limit on the records of the peer");
}

TEST_F(S2nFormat, IsNotWrittenWithUsedUpSequenceNumbers) {
  ConnectionState state = tls13_state();
  state.write.sequence = tls::KeyLimits{}.refuse_after - tls::kRecordsToEnd;
  expect_not_written(std::move(state), ErrorCode::limit_exceeded, "our key");
  state = state_of(*tls::find_cipher_suite("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"));
  state.write.sequence = tls::KeyLimits{}.rekey_after;
  expect_not_written(std::move(state), ErrorCode::limit_exceeded, "TLS 1.2 has no KeyUpdate");
  state = tls13_state();
  state.read.sequence = UINT64_MAX;
  expect_not_written(std::move(state), ErrorCode::limit_exceeded, "the peer's key");
}

TEST_F(S2nFormat, IsNotWrittenWithoutTheMasterSecretOfTls12) {
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    if (suite.version != ProtocolVersion::tls12) continue;
    ConnectionState state = state_of(suite);
    state.tls12_secrets.reset();
    expect_not_written(std::move(state), ErrorCode::refused, "KeptMetadata::tls12_master_secret");
  }
}

// R1: s2n-tls uses the explicit nonces from the sequence number on. Only where all that were used lie below
// is it certain that it meets none.
TEST_F(S2nFormat, IsNotWrittenWhereTheExplicitNoncesCouldMeet) {
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    if (suite.explicit_nonce_size() == 0) continue;
    const std::uint64_t sequence = state_of(suite).write.sequence;
    for (const std::uint64_t next : {std::uint64_t{0}, sequence - 1, sequence + 1, std::uint64_t{1} << 40,
                                     std::uint64_t{1} << 63, UINT64_MAX}) {
      ConnectionState state = state_of(suite);
      state.next_explicit_nonce = next;
      expect_not_written(std::move(state), ErrorCode::refused, "explicit nonce of AES-GCM");
    }
    EXPECT_EQ(write(state_of(suite)).size(), 142u);
  }
}

TEST_F(S2nFormat, IsNotWrittenOfAnImpossibleState) {
  ConnectionState state = tls13_state();
  state.tls12_secrets = secrets();
  expect_not_written(std::move(state), ErrorCode::malformed, "a master secret");
  state = tls12_gcm_state();
  state.tls12_secrets->master = Secret<tls::kMasterSecretSize>(47);
  expect_not_written(std::move(state), ErrorCode::malformed, "a master secret");
  state = tls13_state();
  state.suite = nullptr;
  expect_not_written(std::move(state), ErrorCode::malformed, "no cipher suite");
}

TEST_F(S2nFormat, SerializingConsumesTheState) {
  ConnectionState state = tls12_gcm_state();
  ASSERT_TRUE(serialize_s2n_v1_unprotected(std::move(state)));
  EXPECT_TRUE(state.write.keying.empty());
  EXPECT_FALSE(state.tls12_secrets);
}

// R3: the master secret is for this format alone.
TEST_F(S2nFormat, BatonsOwnFormatDoesNotHoldTheMasterSecret) {
  ConnectionState state = tls12_gcm_state();
  const Bytes master = bytes_of_view(state.tls12_secrets->master.view());
  const std::array client_random = state.tls12_secrets->client_random;
  auto bytes = serialize_unprotected(std::move(state), SerializationVersion::v1);
  ASSERT_TRUE(bytes);
  EXPECT_TRUE(std::ranges::search(*bytes, ByteView(master).first(8)).empty());
  EXPECT_TRUE(std::ranges::search(*bytes, ByteView(client_random).first(8)).empty());
  auto back = deserialize_unprotected(*bytes);
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->tls12_secrets);
}

// --- what is read ---

class S2nHostileBytes : public S2nFormat {
 protected:
  // Offsets of the layout.
  enum : std::size_t {
    kVersion = 0,
    kTlsVersion = 8,
    kSuite = 10,
    kClientSequence = 12,
    kServerSequence = 20,
    kFragment = 28
  };

  static Bytes with(Bytes bytes, std::size_t offset, const Bytes& value) {
    std::ranges::copy(value, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    return bytes;
  }

  Bytes tls13_ = write(tls13_state());
  Bytes tls12_ = write(tls12_gcm_state());
};

TEST_F(S2nHostileBytes, AreRefusedAtEveryLength) {
  for (const Golden& golden : goldens()) {
    Bytes bytes = from_hex(golden.hex);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      expect_refused(ByteView(bytes).first(length), ErrorCode::truncated);
    }
    for (int more = 0; more < 3; ++more) {
      bytes.push_back(0);
      expect_refused(bytes, ErrorCode::malformed);
    }
  }
}

TEST_F(S2nHostileBytes, OfAnotherFormatVersion) {
  for (const Bytes& version : {Bytes{0}, Bytes{2}, Bytes{255}}) {
    expect_refused(with(tls13_, kVersion + 7, version), ErrorCode::unsupported_version);
  }
  expect_refused(with(tls13_, kVersion, {1}), ErrorCode::unsupported_version);
}

TEST_F(S2nHostileBytes, OfAnotherTlsVersion) {
  for (const Bytes& version :
       {Bytes{3, 0}, Bytes{3, 1}, Bytes{3, 2}, Bytes{3, 5}, Bytes{0, 34}, Bytes{2, 14}, Bytes{4, 3}}) {
    expect_refused(with(tls13_, kTlsVersion, version), ErrorCode::unsupported_version);
  }
  expect_refused(with(tls13_, kTlsVersion, {3, 3}), ErrorCode::malformed);
  expect_refused(with(tls12_, kTlsVersion, {3, 4}), ErrorCode::malformed);
}

TEST_F(S2nHostileBytes, OfAnotherCipherSuite) {
  // TLS_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, none.
  for (const Bytes& suite : {Bytes{0x00, 0x9C}, Bytes{0xC0, 0x27}, Bytes{0, 0}}) {
    expect_refused(with(tls12_, kSuite, suite), ErrorCode::refused);
  }
  // A longer hash asks for longer secrets.
  expect_refused(with(tls13_, kSuite, {0x13, 0x02}), ErrorCode::truncated);
}

TEST_F(S2nHostileBytes, OfAnImpossibleFragment) {
  for (const Bytes& fragment : {Bytes{0, 0}, Bytes{0, 1}, Bytes{0, 62}, Bytes{0x40, 1}, Bytes{255, 255}}) {
    expect_refused(with(tls13_, kFragment, fragment), ErrorCode::malformed);
    expect_refused(with(tls12_, kFragment, fragment), ErrorCode::malformed);
  }
  EXPECT_TRUE(deserialize_s2n_v1_unprotected(with(tls13_, kFragment, {0, 63}), as(Role::server)));
  EXPECT_TRUE(deserialize_s2n_v1_unprotected(with(tls13_, kFragment, {0x40, 0}), as(Role::server)));
}

TEST_F(S2nHostileBytes, OfUsedUpSequenceNumbers) {
  const Bytes last(8, 0xFF);
  const Bytes nearly_last{255, 255, 255, 255, 255, 255, 255, 254};
  for (const Bytes& bytes : {tls13_, tls12_}) {
    for (const std::size_t offset : {kClientSequence, kServerSequence}) {
      for (const Role role : {Role::server, Role::client}) {
        expect_refused(with(bytes, offset, last), ErrorCode::limit_exceeded, as(role));
      }
    }
    // What the key may not seal any more is refused; what the peer may still send is not.
    expect_refused(with(bytes, kServerSequence, nearly_last), ErrorCode::limit_exceeded, as(Role::server));
    EXPECT_TRUE(deserialize_s2n_v1_unprotected(with(bytes, kClientSequence, nearly_last), as(Role::server)));
    expect_refused(with(bytes, kClientSequence, nearly_last), ErrorCode::limit_exceeded, as(Role::client));
  }
}

// R1: the next record would use the number of the Finished again.
TEST_F(S2nHostileBytes, WithASequenceNumberThatTheFinishedHasUsed) {
  const Bytes zero(8, 0);
  for (const std::size_t offset : {kClientSequence, kServerSequence}) {
    expect_refused(with(tls12_, offset, zero), ErrorCode::malformed);
    EXPECT_TRUE(deserialize_s2n_v1_unprotected(with(tls13_, offset, zero), as(Role::server)));
  }
}

TEST_F(S2nHostileBytes, AreHeldAgainstTheImportPolicy) {
  ImportPolicy policy;
  policy.min_version = ProtocolVersion::tls13;
  expect_refused(tls12_, ErrorCode::not_allowed, as(Role::server, policy));
  EXPECT_TRUE(deserialize_s2n_v1_unprotected(tls13_, as(Role::server, policy)));
  policy = {};
  policy.cipher_suites = {"TLS_AES_256_GCM_SHA384"};
  expect_refused(tls13_, ErrorCode::not_allowed, as(Role::server, policy));
  policy = {};
  policy.max_age = std::chrono::hours(1);  // the bytes do not tell their age
  expect_refused(tls13_, ErrorCode::not_allowed, as(Role::server, policy));
  policy = {};
  policy.max_size = tls13_.size() - 1;
  expect_refused(tls13_, ErrorCode::limit_exceeded, as(Role::server, policy));
}

TEST_F(S2nHostileBytes, EveryFlippedBitIsRefusedOrMeansItself) {
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    const Bytes bytes = write(state_of(suite));
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      Bytes changed = bytes;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      auto state = deserialize_s2n_v1_unprotected(changed, as(Role::server), MasterSecret::kept);
      if (!state) continue;
      const tls::CipherSuite& read_suite = *state->suite;
      EXPECT_EQ(known_part(write(std::move(*state)), read_suite), known_part(changed, read_suite)) << bit;
    }
  }
}

}  // namespace
}  // namespace baton::serialization
