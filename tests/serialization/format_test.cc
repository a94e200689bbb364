// Format v1 (docs/serialization-format.md): round trips, golden vectors, and hostile bytes.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/awaiting.h"
#include "support/hex.h"
#include "support/transfer.h"

namespace baton::serialization {
namespace {

using test::bytes_of;
using test::secret_bytes_of;
using tls::ConnectionState;
constexpr auto kV1 = SerializationVersion::v1;

Bytes encode(ConnectionState&& state) {
  auto blob = serialize_unprotected(std::move(state), kV1);
  if (!blob) {
    ADD_FAILURE() << blob.error().message;
    return {};
  }
  return {blob->begin(), blob->end()};
}

Bytes certificate(std::size_t size, std::uint8_t fill) {
  return Bytes(size, fill);
}

// What is kept for the application; both forms of the peer's identity exclude each other.
void add_metadata(ConnectionState& state) {
  state.peer_chain = {certificate(300, 'L'), certificate(200, 'I')};
  state.handshake_time = UnixTime(std::chrono::seconds(1'795'467'780));
  if (state.version() != tls::ProtocolVersion::tls13) return;
  state.exporter_secret = tls::KeyingMaterial(crypto::hash_size(state.suite->hash));
  std::ranges::fill(state.exporter_secret.data(), std::uint8_t{0xEE});
}

// A state in which every part of the format is present.
ConnectionState full_state(const tls::CipherSuite& suite, tls::Role role, std::mt19937_64& random) {
  auto pair = test::make_states(suite, random, random(), random());
  ConnectionState state = std::move(role == tls::Role::server ? pair.server : pair.client);
  state.key_update_owed = suite.version == tls::ProtocolVersion::tls13;
  state.max_send_fragment = 512;
  state.unread_ciphertext = bytes_of("unread ciphertext");
  state.unread_plaintext.assign(3, 'p');
  state.unsent_ciphertext = bytes_of("unsent");
  state.partial_handshake.assign(2, 24);
  state.server_name = "www.example.com";
  state.alpn = "h2";
  state.group = 29;
  state.resumed = true;
  add_metadata(state);
  state.peer_digest.reset();
  return state;
}

ConnectionState awaiting_state(const tls::CipherSuite& suite, std::mt19937_64& random) {
  ConnectionState state = std::move(test::make_awaiting(suite, random).server);
  state.server_name = "www.example.com";
  state.alpn = "h2";
  add_metadata(state);
  return state;
}

bool is_tls13(const tls::CipherSuite& suite) {
  return suite.version == tls::ProtocolVersion::tls13;
}

void expect_every_flip_is_refused_or_means_itself(const Bytes& blob) {
  for (std::size_t bit = 0; bit < 8 * blob.size(); ++bit) {
    Bytes changed = blob;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    auto back = deserialize_unprotected(changed);
    if (back) {
      EXPECT_EQ(encode(std::move(*back)), changed) << "bit " << bit;
    }
  }
}

class FormatTest : public test::SeededTest {};

TEST_F(FormatTest, RoundTripsEverySuiteRoleAndSequenceNumber) {
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    for (const tls::Role role : {tls::Role::server, tls::Role::client}) {
      for (const std::uint64_t sequence : {std::uint64_t{0}, std::uint64_t{1} << 40, UINT64_MAX}) {
        ConnectionState state = full_state(suite, role, random_);
        state.read.sequence = sequence;
        state.write.sequence = sequence / 2;
        const std::size_t length = serialization_length(state, kV1);
        const Bytes blob = encode(std::move(state));
        EXPECT_EQ(blob.size(), length);
        auto back = deserialize_unprotected(blob);
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(back->role, role);
        EXPECT_EQ(back->suite, &suite);
        EXPECT_EQ(back->read.sequence, sequence);
        EXPECT_EQ(back->write.sequence, sequence / 2);
        EXPECT_EQ(back->server_name, "www.example.com");
        EXPECT_EQ(back->alpn, "h2");
        EXPECT_EQ(back->group, 29);
        EXPECT_EQ(back->resumed, true);
        EXPECT_EQ(back->peer_chain, (std::vector<Bytes>{certificate(300, 'L'), certificate(200, 'I')}));
        EXPECT_EQ(back->handshake_time->time_since_epoch().count(), 1'795'467'780);
        EXPECT_EQ(back->exporter_secret.empty(), suite.version == tls::ProtocolVersion::tls12);
        EXPECT_EQ(as_text(back->unread_ciphertext), "unread ciphertext");
        EXPECT_EQ(encode(std::move(*back)), blob);
      }
    }
  }
}

TEST_F(FormatTest, TheMinimalProfileFitsInAHundredBytes) {
  auto pair = test::make_states(*tls::find_cipher_suite(0x1301), random_);
  EXPECT_EQ(encode(std::move(pair.server)).size(), 97u);
  pair = test::make_states(*tls::find_cipher_suite(0x1302), random_);
  EXPECT_EQ(encode(std::move(pair.server)).size(), 129u);
}

TEST_F(FormatTest, EveryTruncationIsRefused) {
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    const Bytes blob = encode(full_state(suite, tls::Role::server, random_));
    std::size_t accepted = 0;
    for (std::size_t length = 0; length < blob.size(); ++length) {
      auto back = deserialize_unprotected(ByteView(blob).first(length));
      // A cut between two fields leaves a connection with fewer fields, and must give just those bytes again.
      if (back) {
        ++accepted;
        EXPECT_EQ(encode(std::move(*back)),
                  Bytes(blob.begin(), blob.begin() + static_cast<std::ptrdiff_t>(length)));
      } else {
        EXPECT_EQ(back.error().code, ErrorCode::truncated) << length;
      }
    }
    const bool tls13 = suite.version == tls::ProtocolVersion::tls13;
    EXPECT_EQ(accepted, tls13 ? 11u : 10u) << "the fixed part, and all but the last of its fields";
  }
}

TEST_F(FormatTest, EveryFlippedBitIsRefusedOrMeansItself) {
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    const Bytes blob = encode(full_state(suite, tls::Role::client, random_));
    expect_every_flip_is_refused_or_means_itself(blob);
  }
}

TEST_F(FormatTest, AwaitingTheFinishedRoundTripsAndRefusesEveryChange) {
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    if (!is_tls13(suite)) continue;
    ConnectionState state = awaiting_state(suite, random_);
    const Bytes deferred = state.awaited->deferred_ciphertext;
    const Bytes verify_data(state.awaited->verify_data.view().begin(),
                            state.awaited->verify_data.view().end());
    const Bytes blob = encode(std::move(state));
    auto back = deserialize_unprotected(blob);
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_EQ(back->phase(), tls::Phase::awaiting_client_finished);
    EXPECT_EQ(back->awaited->deferred_ciphertext, deferred);
    EXPECT_TRUE(std::ranges::equal(back->awaited->verify_data.view(), verify_data));
    EXPECT_EQ(encode(std::move(*back)), blob);
    expect_every_flip_is_refused_or_means_itself(blob);
    for (std::size_t length = 0; length < blob.size(); ++length) {
      auto cut = deserialize_unprotected(ByteView(blob).first(length));
      if (cut) {
        EXPECT_EQ(encode(std::move(*cut)).size(), length);
      }
    }
  }
}

TEST_F(FormatTest, ThePhaseAndItsFieldsBelongTogether) {
  const tls::CipherSuite& suite = *tls::find_cipher_suite(0x1301);
  Bytes established = encode(std::move(test::make_states(suite, random_).server));
  established[7] = 1;
  EXPECT_FALSE(deserialize_unprotected(established)) << "a phase without its fields";
  Bytes awaiting = encode(awaiting_state(suite, random_));
  awaiting[7] = 0;
  EXPECT_FALSE(deserialize_unprotected(awaiting)) << "fields without their phase";
  awaiting[7] = 2;
  EXPECT_FALSE(deserialize_unprotected(awaiting)) << "an unknown phase";
}

TEST_F(FormatTest, TrailingBytesAreRefused) {
  Bytes blob = encode(full_state(*tls::find_cipher_suite(0x1301), tls::Role::server, random_));
  blob.push_back(0);
  EXPECT_FALSE(deserialize_unprotected(blob));
}

TEST_F(FormatTest, VersionsAreRefusedByNumber) {
  Bytes blob = encode(full_state(*tls::find_cipher_suite(0x1301), tls::Role::server, random_));
  blob[5] = 7;
  auto back = deserialize_unprotected(blob);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, ErrorCode::unsupported_version);
  EXPECT_EQ(back.error().message, "cannot read serialization version 7, newest known is 1");
}

TEST_F(FormatTest, NothingIsWrittenWithoutAVersion) {
  auto blob = serialize_unprotected(full_state(*tls::find_cipher_suite(0x1301), tls::Role::server, random_),
                                    SerializationVersion::none);
  ASSERT_FALSE(blob);
  EXPECT_EQ(blob.error().code, ErrorCode::refused);
}

TEST_F(FormatTest, SerializingConsumesTheState) {
  auto pair = test::make_states(*tls::find_cipher_suite(0x1301), random_);
  ASSERT_TRUE(serialize_unprotected(std::move(pair.server), kV1));
  EXPECT_TRUE(pair.server.write.keying.empty());
  EXPECT_FALSE(tls::Connection::from_state(std::move(pair.server)));
}

// Appends a field to the smallest blob.
class FieldTest : public FormatTest {
 protected:
  Bytes with_field(std::uint16_t type, ByteView value) {
    auto pair = test::make_states(*tls::find_cipher_suite(0x1301), random_);
    Bytes blob = encode(std::move(pair.server));
    add_field(blob, type, value);
    return blob;
  }
  static void add_field(Bytes& blob, std::uint16_t type, ByteView value) {
    ByteWriter writer(blob);
    writer.u16(type);
    writer.u32(static_cast<std::uint32_t>(value.size()));
    writer.bytes(value);
  }
  static ErrorCode error_of(ByteView blob) {
    auto back = deserialize_unprotected(blob);
    EXPECT_FALSE(back);
    return back ? ErrorCode::io : back.error().code;
  }
};

TEST_F(FieldTest, UnknownMustUnderstandFieldsAreRefusedByName) {
  auto back = deserialize_unprotected(with_field(0x8000 | 700, bytes_of("x")));
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, ErrorCode::unknown_field);
  EXPECT_NE(back.error().message.find("700"), std::string::npos);
}

TEST_F(FieldTest, OtherUnknownFieldsAreCarriedOn) {
  const Bytes blob = with_field(700, bytes_of("from the future"));
  auto back = deserialize_unprotected(blob);
  ASSERT_TRUE(back) << back.error().message;
  back->server_name = "example.com";
  const Bytes again = encode(std::move(*back));
  EXPECT_FALSE(std::ranges::search(again, ByteView(bytes_of("from the future"))).empty());
}

TEST_F(FieldTest, UnknownFieldsAreBounded) {
  Bytes blob = with_field(100, bytes_of("x"));
  for (std::uint16_t type = 101; type < 164; ++type) add_field(blob, type, bytes_of("x"));
  EXPECT_TRUE(deserialize_unprotected(blob));
  add_field(blob, 164, bytes_of("x"));
  EXPECT_EQ(error_of(blob), ErrorCode::malformed);
}

Bytes chain_of(std::size_t count, std::size_t size) {
  Bytes chain;
  ByteWriter writer(chain);
  for (std::size_t i = 0; i < count; ++i) {
    writer.u24(static_cast<std::uint32_t>(size));
    writer.bytes(certificate(size, 'c'));
  }
  return chain;
}

TEST_F(FieldTest, MalformedFieldsAreRefused) {
  EXPECT_EQ(error_of(with_field(0x0001, bytes_of("x"))), ErrorCode::malformed)
      << "must-understand bit missing";
  EXPECT_EQ(error_of(with_field(0x8010, bytes_of("x"))), ErrorCode::malformed)
      << "must-understand bit too much";
  EXPECT_EQ(error_of(with_field(16, {})), ErrorCode::malformed) << "empty";
  EXPECT_EQ(error_of(with_field(700, {})), ErrorCode::malformed) << "empty and unknown";
  EXPECT_EQ(error_of(with_field(0, {})), ErrorCode::malformed) << "six bytes of zero at the end";
  EXPECT_EQ(error_of(with_field(16, Bytes(256, 'a'))), ErrorCode::malformed) << "a long name";
  EXPECT_EQ(error_of(with_field(18, Bytes(3))), ErrorCode::malformed) << "group";
  EXPECT_EQ(error_of(with_field(19, Bytes{2})), ErrorCode::malformed) << "resumed";
  EXPECT_EQ(error_of(with_field(0x8004, Bytes(tls::kMaxPostHandshakeMessage + 1))), ErrorCode::malformed);
  EXPECT_EQ(error_of(with_field(20, Bytes(31, 'd'))), ErrorCode::malformed) << "digest";
  EXPECT_EQ(error_of(with_field(21, Bytes{0, 0, 0})), ErrorCode::malformed) << "an empty certificate";
  EXPECT_EQ(error_of(with_field(21, Bytes{0, 0, 2, 1})), ErrorCode::malformed) << "half a certificate";
  EXPECT_EQ(error_of(with_field(21, chain_of(17, 1))), ErrorCode::malformed) << "too many certificates";
  EXPECT_EQ(error_of(with_field(21, chain_of(2, tls::kMaxPeerChain))), ErrorCode::malformed)
      << "a long chain";
  EXPECT_EQ(error_of(with_field(22, Bytes(31, 'e'))), ErrorCode::malformed) << "exporter secret";
  EXPECT_EQ(error_of(with_field(22, Bytes(49, 'e'))), ErrorCode::malformed) << "exporter secret";
  EXPECT_EQ(error_of(with_field(23, Bytes(7))), ErrorCode::malformed) << "handshake time";
  EXPECT_EQ(error_of(with_field(23, Bytes(8, 0xff))), ErrorCode::malformed) << "handshake time";
  Bytes both = with_field(20, Bytes(32, 'd'));
  add_field(both, 21, chain_of(1, 1));
  EXPECT_EQ(error_of(both), ErrorCode::malformed) << "digest and chain";
  Bytes twice = with_field(16, bytes_of("a"));
  add_field(twice, 16, bytes_of("b"));
  EXPECT_EQ(error_of(twice), ErrorCode::malformed) << "twice";
  Bytes backwards = with_field(17, bytes_of("a"));
  add_field(backwards, 16, bytes_of("b"));
  EXPECT_EQ(error_of(backwards), ErrorCode::malformed) << "out of order";
}

TEST_F(FormatTest, ImpossibleStatesAreNotWritten) {
  auto refused = [](ConnectionState&& state) { return !serialize_unprotected(std::move(state), kV1); };
  auto pair = test::make_states(*tls::find_cipher_suite(0x1301), random_);
  pair.server.max_send_fragment = 0;
  EXPECT_TRUE(refused(std::move(pair.server)));
  pair.client.next_explicit_nonce = 1;
  EXPECT_TRUE(refused(std::move(pair.client)));
  pair = test::make_states(*tls::find_cipher_suite(0xC02F), random_);
  pair.server.key_update_owed = true;
  EXPECT_TRUE(refused(std::move(pair.server)));
  pair.client.unread_ciphertext.resize(kMaxSerializedSize);
  auto too_large = serialize_unprotected(std::move(pair.client), kV1);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, ErrorCode::limit_exceeded);
}

TEST_F(FormatTest, ATimeThatCannotBeReadIsNotWritten) {
  for (const std::int64_t seconds : {std::int64_t{-1}, std::int64_t{253'402'300'800}}) {
    auto pair = test::make_states(*tls::find_cipher_suite(0x1301), random_);
    pair.server.handshake_time = UnixTime(std::chrono::seconds(seconds));
    EXPECT_FALSE(serialize_unprotected(std::move(pair.server), kV1)) << seconds;
  }
}

TEST_F(FormatTest, TheVersionsOfTls12HaveNoExporter) {
  auto pair = test::make_states(*tls::find_cipher_suite(0xC02F), random_);
  pair.server.exporter_secret = tls::KeyingMaterial(32);
  EXPECT_FALSE(serialize_unprotected(std::move(pair.server), kV1));
}

// Golden vectors: one connection a file, raw bytes. BATON_WRITE_GOLDEN=1 writes those that do not exist yet.
struct Golden {
  std::string name;
  ConnectionState state;
};

tls::KeyingMaterial counting_secret(std::size_t size, std::uint8_t first) {
  tls::KeyingMaterial secret(size);
  for (std::uint8_t& byte : secret.data()) byte = first++;
  return secret;
}

ConnectionState golden_state(const tls::CipherSuite& suite, tls::Role role) {
  ConnectionState state;
  state.role = role;
  state.suite = &suite;
  state.read.keying = counting_secret(suite.keying_size(), 0x10);
  state.write.keying = counting_secret(suite.keying_size(), 0x80);
  state.read.sequence = 0x0102030405060708;
  state.write.sequence = 0x1112131415161718;
  if (suite.explicit_nonce_size() != 0) state.next_explicit_nonce = 0x2122232425262728;
  return state;
}

std::vector<Golden> golden_connections() {
  std::vector<Golden> all;
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    for (const tls::Role role : {tls::Role::server, tls::Role::client}) {
      const std::string name = std::string(suite.name) + "-" + std::string(tls::to_string(role));
      all.push_back({name, golden_state(suite, role)});
      ConnectionState everything = golden_state(suite, role);
      everything.key_update_owed = suite.version == tls::ProtocolVersion::tls13;
      everything.write_closed = true;
      everything.max_send_fragment = 1024;
      everything.max_receive_fragment = 2048;
      everything.unread_ciphertext = bytes_of("unread ciphertext");
      everything.unread_plaintext.assign(5, 'p');
      everything.unsent_ciphertext = bytes_of("unsent ciphertext");
      everything.partial_handshake.assign(2, 24);
      everything.server_name = "www.example.com";
      everything.alpn = "http/1.1";
      everything.group = 29;
      everything.resumed = false;
      everything.unknown_fields.push_back({0x1234, secret_bytes_of("unknown")});
      all.push_back({name + "-everything", std::move(everything)});
      ConnectionState with_chain = golden_state(suite, role);
      add_metadata(with_chain);
      all.push_back({name + "-metadata", std::move(with_chain)});
      ConnectionState with_digest = golden_state(suite, role);
      with_digest.peer_digest.emplace().fill(0xDD);
      all.push_back({name + "-digest", std::move(with_digest)});
    }
    if (!is_tls13(suite)) continue;
    ConnectionState awaiting = golden_state(suite, tls::Role::server);
    awaiting.read.sequence = 0;
    awaiting.write.sequence = 2;
    awaiting.awaited = std::make_unique<tls::AwaitedFinished>();
    awaiting.awaited->client_handshake_secret = counting_secret(suite.keying_size(), 0x40);
    awaiting.awaited->verify_data = counting_secret(suite.keying_size(), 0xA0);
    awaiting.awaited->deferred_ciphertext = {23, 3, 3, 0, 2, 1, 2, 23, 3, 3, 0, 1, 3};
    all.push_back({std::string(suite.name) + "-server-awaiting", std::move(awaiting)});
  }
  return all;
}

TEST(GoldenVectors, BytesOfVersion1DoNotChange) {
  const std::filesystem::path folder = std::filesystem::path(BATON_SOURCE_DIR) / "tests/golden/v1";
  std::size_t files = 0;
  for (Golden& golden : golden_connections()) {
    const auto path = folder / (golden.name + ".bin");
    const Bytes blob = encode(std::move(golden.state));
    if (std::getenv("BATON_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(path)) {
      std::ofstream(path, std::ios::binary) << as_text(blob);
    }
    std::ifstream file(path, std::ios::binary);
    ASSERT_TRUE(file) << path;
    const std::string stored{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(to_hex(as_bytes(stored)), to_hex(blob)) << path;
    auto back = deserialize_unprotected(as_bytes(stored));
    ASSERT_TRUE(back) << path << ": " << back.error().message;
    EXPECT_EQ(encode(std::move(*back)), blob);
    ++files;
  }
  const auto stored_files = std::distance(std::filesystem::directory_iterator(folder), {});
  EXPECT_EQ(static_cast<std::size_t>(stored_files), files) << "a stored vector that no test reads";
}

}  // namespace
}  // namespace baton::serialization
