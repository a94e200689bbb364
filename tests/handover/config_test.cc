// Every setting of a Config reaches the handshake or the connection; and clocks that are wrong cost nothing.
#include "baton/handshake.h"
#include "baton/serialize.h"
#include "baton_pair.h"

namespace baton::test {
namespace {

const tls::CipherSuite& suite13() {
  return *tls::find_cipher_suite(0x1301);
}
const tls::CipherSuite& suite12() {
  return *tls::find_cipher_suite(0xC02B);
}

// All suites of the settings' versions.
ServerSettings open_server() {
  ServerSettings settings = server_settings(suite13());
  settings.cipher_suites.clear();
  return settings;
}
ClientSettings open_client() {
  ClientSettings settings = client_settings(suite13());
  settings.cipher_suites.clear();
  return settings;
}

// Whether the two shake hands.
bool agree(const Config& server_config, const Config& client_config) {
  Handshake server = value_of(Handshake::start(server_config));
  Handshake client = value_of(Handshake::start(client_config));
  HandshakeStep at_client = client.advance({});
  HandshakeStep at_server = HandshakeStep::need_bytes;
  for (;;) {
    const Bytes from_client = client.take_output();
    if (!from_client.empty()) at_server = server.advance(from_client);
    const Bytes from_server = server.take_output();
    if (!from_server.empty()) at_client = client.advance(from_server);
    if (from_client.empty() && from_server.empty()) break;
  }
  return at_client == HandshakeStep::complete && at_server == HandshakeStep::complete;
}

TEST(ConfigTest, VersionsAreBoundedAtBothEnds) {
  const Config server = value_of(Config::server(open_server()));
  const Config client = value_of(Config::client(open_client()));
  EXPECT_TRUE(agree(server, client));

  ServerSettings only13 = open_server();
  only13.min_version = ProtocolVersion::tls13;
  ClientSettings only12 = open_client();
  only12.max_version = ProtocolVersion::tls12;
  EXPECT_TRUE(agree(server, value_of(Config::client(std::move(only12)))));
  ClientSettings again12 = open_client();
  again12.max_version = ProtocolVersion::tls12;
  EXPECT_FALSE(
      agree(value_of(Config::server(std::move(only13))), value_of(Config::client(std::move(again12)))));

  ServerSettings server12 = open_server();
  server12.max_version = ProtocolVersion::tls12;
  ClientSettings client13 = open_client();
  client13.min_version = ProtocolVersion::tls13;
  EXPECT_FALSE(
      agree(value_of(Config::server(std::move(server12))), value_of(Config::client(std::move(client13)))));
}

TEST(ConfigTest, AClientPresentsItsCredential) {
  const auto server = [] {
    ServerSettings settings = open_server();
    settings.client_ca_pem = test_ca().pem();
    return value_of(Config::server(std::move(settings)));
  };
  ClientSettings with = open_client();
  with.credential = credential(certificate_for_name(KeyType::p256));
  EXPECT_TRUE(agree(server(), value_of(Config::client(std::move(with)))));
  EXPECT_FALSE(agree(server(), value_of(Config::client(open_client()))));
}

TEST(ConfigTest, ServersWithTheSameTicketKeysResumeEachOthersSessions) {
  const auto server = [](std::uint8_t fill) {
    ServerSettings settings = open_server();
    settings.ticket_keys.assign(80, fill);
    return value_of(Config::server(std::move(settings)));
  };
  const auto resumed_at = [&](std::uint8_t fill) {
    LibsslPeer first = LibsslPeer::client(kName);
    Connection connection = shake_hands(server(7), first);
    if (!connection.write(as_bytes("data")).has_value()) return false;
    first.receive(connection.output());  // the tickets come before it
    LibsslPeer second = LibsslPeer::client(kName);
    SSL_set_session(second.ssl(), first.session().get());
    return shake_hands(server(fill), second).resumed().value_or(false);
  };
  EXPECT_TRUE(resumed_at(7));
  EXPECT_FALSE(resumed_at(8));
}

TEST(ConfigTest, RecordsArePadded) {
  Config server = config_for(Role::server, suite13());
  server.set_padding_block(512);
  BatonPair pair = make_baton_pair(server, config_for(Role::client, suite13()));
  deliver(pair.server, pair.client);
  read_text(pair.client);
  ASSERT_TRUE(pair.server.write(as_bytes("x")));
  EXPECT_EQ(pair.server.output().size(), 5U + 512 + 1 + 16);
}

TEST(ConfigTest, RecordsAreSmallFirstAndAfterARest) {
  Config server = config_for(Role::server, suite13());
  server.set_small_records_up_to(1);
  BatonPair pair = make_baton_pair(server, config_for(Role::client, suite13()));
  deliver(pair.server, pair.client);
  read_text(pair.client);
  const auto wire_size = [&](std::size_t size) {
    EXPECT_TRUE(pair.server.write(Bytes(size, 'p')));
    return pair.server.take_output().size();
  };
  constexpr std::size_t kSize = 8000, kOneRecord = 5 + kSize + 1 + 16;
  pair.server.after_idle();
  EXPECT_GT(wire_size(kSize), kOneRecord);
  EXPECT_EQ(wire_size(kSize), kOneRecord);
  pair.server.after_idle();
  EXPECT_GT(wire_size(kSize), kOneRecord);
}

TEST(ConfigTest, AnEmptyClockIsTheSystems) {
  Config config = config_for(Role::server, suite13());
  config.set_clock(nullptr);
  EXPECT_GT(config.now(), UnixTime());
  BatonPair pair = make_baton_pair(config, config_for(Role::client, suite13()));
  EXPECT_TRUE(pair.server.handshake_time());
  Config moved = std::move(config);
  EXPECT_GT(config.now(), UnixTime());  // NOLINT(bugprone-use-after-move): that is the question
}

TEST(ConfigTest, AClockOutOfRangeDestroysNothing) {
  for (const UnixTime time : {UnixTime::max(), UnixTime::min()}) {
    Config config = config_for(Role::server, suite13());
    config.set_rekey_before_serialize(true).set_clock([time] { return time; });
    BatonPair pair = make_baton_pair(config, config_for(Role::client, suite13()));
    EXPECT_FALSE(pair.server.handshake_time());
    auto envelope = serialize(std::move(pair.server), the_seal());
    ASSERT_FALSE(envelope);
    EXPECT_EQ(envelope.error().code, ErrorCode::invalid_argument);
    expect_data_passes(pair.server, pair.client);
  }
}

TEST(ConfigTest, ExtremePoliciesDoNotOverflow) {
  BatonPair pair = make_baton_pair(suite13());
  const SecretBuffer blob = value_of(serialize_unprotected(std::move(pair.server)));
  Config config = continuing(Role::server);
  ImportPolicy policy;
  policy.max_age = std::chrono::seconds::max();
  policy.max_clock_skew = std::chrono::seconds::max();
  config.set_import_policy(policy);
  EXPECT_TRUE(deserialize_unprotected(blob, config));
  for (const UnixTime time : {UnixTime::max(), UnixTime::min()}) {
    config.set_clock([time] { return time; });
    auto connection = deserialize_unprotected(blob, config);
    ASSERT_FALSE(connection);
    EXPECT_EQ(connection.error().code, ErrorCode::not_yet_valid);
  }
}

TEST(ConfigTest, ARingThatWasMovedFromMakesNoSeal) {
  KeyRing ring = value_of(KeyRing::create(UnixTime(std::chrono::seconds(1))));
  const auto claims = std::make_shared<MemoryClaimStore>();
  EXPECT_FALSE(Seal::create(std::move(ring), claims, {"", "purpose"}));
  auto seal =
      Seal::create(std::move(ring), claims, {"audience", "purpose"});  // NOLINT(bugprone-use-after-move)
  ASSERT_FALSE(seal);
  EXPECT_EQ(seal.error().code, ErrorCode::invalid_argument);
}

TEST(ConfigTest, AbortNeverLooksLikeAnEnd) {
  BatonPair pair = make_baton_pair(suite12());
  pair.server.abort(Alert::close_notify, "a caller's mistake");
  deliver(pair.server, pair.client);
  const Event event = pair.client.next();
  EXPECT_TRUE(std::holds_alternative<Failure>(event));
}

}  // namespace
}  // namespace baton::test
