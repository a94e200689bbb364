// s2n-tls's format and the public API: the peer, an unmodified libssl, notices nothing; and what is refused.
#include "baton/s2n.h"

#include "api_handover.h"
#include "baton_pair.h"
#include "memory_search.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

constexpr std::size_t kMasterSecretSize = 48;  // bytes
constexpr std::size_t kRandomSize = 32;

LibsslPeer make_peer(Role role, const tls::CipherSuite& suite) {
  return role == Role::client ? LibsslPeer::client(kName)
                              : LibsslPeer::server(certificate_for_name(key_type_of(suite)));
}

Config s2n_config(Role role, const tls::CipherSuite& suite, bool keeps_master_secret = true) {
  if (role == Role::client) {
    ClientSettings settings = client_settings(suite);
    settings.keep.tls12_master_secret = keeps_master_secret;
    return serializable(Config::client(std::move(settings))).set_s2n_v1(true);
  }
  ServerSettings settings = server_settings(suite);
  settings.keep.tls12_master_secret = keeps_master_secret;
  return serializable(Config::server(std::move(settings))).set_s2n_v1(true);
}

Config s2n_continuing(Role role) {
  return continuing(role).set_s2n_v1(true).set_keep_imported_master_secret(true);
}

// What s2n-tls would write of the peer's connection of TLS 1.2 right behind the handshake, when each side's
// Finished was its first record.
SecretBuffer as_begun_by_s2n(SSL* peer, const tls::CipherSuite& suite) {
  SecretBuffer secrets(kMasterSecretSize + 2 * kRandomSize);
  EXPECT_EQ(SSL_SESSION_get_master_key(SSL_get_session(peer), secrets.data(), kMasterSecretSize),
            kMasterSecretSize);
  SSL_get_client_random(peer, secrets.data() + kMasterSecretSize, kRandomSize);
  SSL_get_server_random(peer, secrets.data() + kMasterSecretSize + kRandomSize, kRandomSize);
  SecretBuffer bytes;
  ByteWriter writer(bytes);
  writer.u64(1);
  writer.u16(0x0303);
  writer.u16(suite.id);
  writer.u64(1);
  writer.u64(1);
  writer.u16(16384);
  writer.bytes(secrets);
  return bytes;
}

bool has_explicit_nonce(const tls::CipherSuite& suite) {
  return suite.explicit_nonce_size() != 0;
}

class S2nHandover : public RoleAndSuiteTest {
 protected:
  static bool is_tls13() { return suite().version == ProtocolVersion::tls13; }

  LibsslPeer peer_ = make_peer(other(role()), suite());

  Connection shake_hands_with_peer(bool keeps_master_secret = true) {
    Connection connection = shake_hands(s2n_config(role(), suite(), keeps_master_secret), peer_);
    EXPECT_EQ(read_text(connection), "");  // a client of TLS 1.3 so takes the tickets in
    return connection;
  }

  // One that s2n-tls can take over. With AES-GCM in TLS 1.2 it has to have begun there.
  Connection begin() {
    Connection connection = shake_hands_with_peer();
    if (!has_explicit_nonce(suite())) return connection;
    return value_of(
        deserialize_s2n_v1_unprotected(as_begun_by_s2n(peer_.ssl(), suite()), s2n_continuing(role())));
  }

  void expect_data_both_ways(Connection& connection) {
    for (const std::size_t size : {1, 1000, 50'000}) {
      const std::string there(size, 't');
      ASSERT_TRUE(connection.write(as_bytes(there)));
      peer_.receive(connection.take_output());
      EXPECT_TRUE(peer_.take_text() == there);
      const std::string back(size, 'b');
      peer_.write(back);
      connection.feed(peer_.take_output());
      EXPECT_TRUE(read_text(connection) == back);
      peer_.receive(connection.take_output());
    }
  }

  void go_through_s2n_v1(Connection& connection) {
    const SerializationReadiness readiness = s2n_v1_readiness(connection);
    ASSERT_TRUE(readiness.ready()) << readiness.obstacle->message;
    const SecretBuffer bytes = value_of(serialize_s2n_v1_unprotected(std::move(connection)));
    EXPECT_EQ(bytes.size(), readiness.length);
    EXPECT_FALSE(connection.alive());
    EXPECT_FALSE(connection.write(as_bytes("late")));
    EXPECT_TRUE(connection.output().empty());
    connection = value_of(deserialize_s2n_v1_unprotected(bytes, s2n_continuing(role())));
  }

  // Readiness and the call say so, and nothing changes.
  static void expect_obstacle(Connection& connection, ErrorCode code, std::string_view message) {
    const Bytes output(connection.output().begin(), connection.output().end());
    const SerializationReadiness readiness = s2n_v1_readiness(connection);
    ASSERT_TRUE(readiness.obstacle) << message;
    EXPECT_EQ(to_string(readiness.obstacle->code), to_string(code));
    EXPECT_THAT(readiness.obstacle->message, testing::HasSubstr(message));
    EXPECT_EQ(readiness.length, 0u);
    const auto bytes = serialize_s2n_v1_unprotected(std::move(connection));
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().message, readiness.obstacle->message);
    EXPECT_TRUE(std::ranges::equal(connection.output(), output));
  }
};

class S2nHandoverTls13 : public S2nHandover {};   // with KeyUpdates
class S2nHandoverServer : public S2nHandover {};  // the peer is the client, which asks for extensions

TEST_P(S2nHandover, ThePeerNoticesNothing) {
  Connection connection = begin();
  for (int i = 0; i < 3 && !HasFailure(); ++i) {
    go_through_s2n_v1(connection);
    expect_data_both_ways(connection);
  }
  ASSERT_TRUE(connection.close_write());
  peer_.receive(connection.take_output());
  EXPECT_NE(SSL_get_shutdown(peer_.ssl()) & SSL_RECEIVED_SHUTDOWN, 0);
}

TEST_P(S2nHandover, AfterData) {
  Connection connection = begin();
  expect_data_both_ways(connection);
  go_through_s2n_v1(connection);
  expect_data_both_ways(connection);
}

TEST_P(S2nHandoverTls13, AfterKeyUpdates) {
  Connection connection = begin();
  ASSERT_TRUE(connection.update_keys(KeyUpdateRequest::update_requested));
  expect_data_both_ways(connection);
  go_through_s2n_v1(connection);
  expect_data_both_ways(connection);
}

TEST_P(S2nHandover, WhatIsKnownAfterwardsIsLittle) {
  Connection connection = begin();
  go_through_s2n_v1(connection);
  EXPECT_EQ(connection.role(), role());
  EXPECT_EQ(connection.cipher_suite(), suite().name);
  EXPECT_EQ(connection.server_name(), std::nullopt);
  EXPECT_EQ(connection.handshake_time(), std::nullopt);
  EXPECT_FALSE(connection.can_export_keying_material());
}

// R1: libssl has begun its explicit nonces at random, so s2n-tls could meet them.
TEST_P(S2nHandover, ExplicitNoncesThatCouldMeetAreAnObstacle) {
  Connection connection = shake_hands_with_peer();
  if (has_explicit_nonce(suite())) {
    expect_obstacle(connection, ErrorCode::refused, "explicit nonce of AES-GCM");
  } else {
    EXPECT_TRUE(s2n_v1_readiness(connection).ready());
  }
  expect_data_both_ways(connection);
}

TEST_P(S2nHandover, AMasterSecretThatWasNotKeptIsAnObstacle) {
  Connection connection = shake_hands_with_peer(false);
  if (is_tls13()) {
    go_through_s2n_v1(connection);
  } else {
    expect_obstacle(connection, ErrorCode::refused,
                    has_explicit_nonce(suite()) ? "explicit nonce" : "set KeptMetadata::tls12_master_secret");
  }
  expect_data_both_ways(connection);
}

TEST_P(S2nHandover, AnImportKeepsTheMasterSecretWhenAsked) {
  const SecretBuffer bytes = value_of(serialize_s2n_v1_unprotected(begin()));
  const Config config = s2n_continuing(role()).set_keep_imported_master_secret(false);
  Connection connection = value_of(deserialize_s2n_v1_unprotected(bytes, config));
  if (is_tls13()) {
    go_through_s2n_v1(connection);
  } else {
    expect_obstacle(connection, ErrorCode::refused, "set KeptMetadata::tls12_master_secret");
  }
  expect_data_both_ways(connection);
}

// R3: Baton's own format leaves it behind.
TEST_P(S2nHandover, BatonsOwnFormatDropsTheMasterSecret) {
  Connection connection = begin();
  hand_over(connection, s2n_continuing(role()));
  if (is_tls13()) {
    go_through_s2n_v1(connection);
  } else {
    expect_obstacle(connection, ErrorCode::refused, "set KeptMetadata::tls12_master_secret");
  }
  expect_data_both_ways(connection);
}

// R6.
TEST_P(S2nHandover, NoSecretStaysBehind) {
  MemorySearch search(random_);
  {
    SecretBuffer bytes = value_of(serialize_s2n_v1_unprotected(begin()));
    const std::size_t secret = is_tls13() ? suite().keying_size() : kMasterSecretSize;
    constexpr std::size_t kSecretsStart = 30;
    search.look_for(ByteView(bytes).subspan(kSecretsStart, secret));
    const Connection connection = value_of(deserialize_s2n_v1_unprotected(bytes, s2n_continuing(role())));
    bytes = SecretBuffer();
    peer_ = make_peer(role(), suite());  // it knows them, too
    EXPECT_GE(search.hits(), 1u) << "the search itself must work";
  }
  EXPECT_EQ(search.hits(), 0u);
}

TEST_P(S2nHandover, TheFormatIsOffUnlessItIsTurnedOn) {
  Connection connection = begin();
  const SecretBuffer bytes = value_of(serialize_s2n_v1_unprotected(std::move(connection)));
  const auto refused = deserialize_s2n_v1_unprotected(bytes, continuing(role()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(to_string(refused.error().code), to_string(ErrorCode::refused));
  EXPECT_THAT(refused.error().message, testing::HasSubstr("set_s2n_v1"));
  connection = value_of(deserialize_s2n_v1_unprotected(bytes, s2n_continuing(role())));
  hand_over(connection, continuing(role()));
  expect_obstacle(connection, ErrorCode::refused, "set_s2n_v1");
  expect_data_both_ways(connection);
}

TEST_P(S2nHandover, AConnectionIsConsumedOnce) {
  Connection connection = begin();
  static_cast<void>(value_of(serialize_s2n_v1_unprotected(std::move(connection))));
  const auto again = serialize_s2n_v1_unprotected(std::move(connection));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::consumed);
  EXPECT_EQ(s2n_v1_readiness(connection).obstacle->code, ErrorCode::consumed);
}

TEST_P(S2nHandover, WhatIsInFlightIsAnObstacle) {
  Connection connection = begin();
  ASSERT_TRUE(connection.write(as_bytes("unsent")));
  expect_obstacle(connection, ErrorCode::refused, "send output()");
  peer_.receive(connection.take_output());
  EXPECT_EQ(peer_.take_text(), "unsent");

  peer_.write("unread");
  const Bytes record = peer_.take_output();
  connection.feed(ByteView(record).first(record.size() - 1));
  static_cast<void>(connection.next());
  expect_obstacle(connection, ErrorCode::refused, "bytes of the peer that are not opened");
  connection.feed(ByteView(record).last(1));
  static_cast<void>(connection.next());
  expect_obstacle(connection, ErrorCode::refused, "plaintext: consume");
  connection.consume(2);
  expect_obstacle(connection, ErrorCode::refused, "plaintext: consume");
  EXPECT_EQ(read_text(connection), "read");

  go_through_s2n_v1(connection);
  expect_data_both_ways(connection);
}

TEST_P(S2nHandoverTls13, AKeyUpdateThatIsOwedIsAnObstacle) {
  Connection connection = begin();
  ASSERT_TRUE(connection.write(as_bytes("x")));  // an answer waits for what stands in front of it
  ASSERT_EQ(SSL_key_update(peer_.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
  peer_.write("y");
  connection.feed(peer_.take_output());
  EXPECT_EQ(read_text(connection), "y");
  EXPECT_TRUE(s2n_v1_readiness(connection).key_update_owed);
  expect_obstacle(connection, ErrorCode::refused, "a KeyUpdate that is owed");
  ASSERT_TRUE(connection.update_keys(KeyUpdateRequest::update_not_requested));
  peer_.receive(connection.take_output());
  EXPECT_EQ(peer_.take_text(), "x");
  go_through_s2n_v1(connection);
  expect_data_both_ways(connection);
}

TEST_P(S2nHandover, AClosedDirectionIsAnObstacle) {
  Connection connection = begin();
  ASSERT_EQ(SSL_shutdown(peer_.ssl()), 0);
  connection.feed(peer_.take_output());
  EXPECT_EQ(read_text(connection), "<closed>");
  expect_obstacle(connection, ErrorCode::refused, "that the peer has closed");
}

TEST_P(S2nHandover, OurOwnCloseIsAnObstacle) {
  Connection connection = begin();
  ASSERT_TRUE(connection.close_write());
  connection.output_sent(SIZE_MAX);
  expect_obstacle(connection, ErrorCode::refused, "that we have closed");
}

TEST_P(S2nHandover, AFailureIsAnObstacle) {
  Connection connection = begin();
  connection.abort(Alert::internal_error, "the disk is full");
  expect_obstacle(connection, ErrorCode::refused, "the connection has failed: the disk is full");
}

TEST_P(S2nHandoverServer, ANegotiatedRecordSizeIsAnObstacle) {
  SSL_set_tlsext_max_fragment_length(peer_.ssl(), TLSEXT_max_fragment_length_1024);
  Connection connection = shake_hands_with_peer();
  expect_obstacle(connection, ErrorCode::refused, "a limit on the records of the peer");
  expect_data_both_ways(connection);
}

// The KeyUpdate of rekey_before_serialize could not be carried, so the caller sends it.
TEST_P(S2nHandover, ARekeyThatIsAskedForIsTheCallers) {
  const SecretBuffer bytes = value_of(serialize_s2n_v1_unprotected(begin()));
  Connection connection = value_of(
      deserialize_s2n_v1_unprotected(bytes, s2n_continuing(role()).set_rekey_before_serialize(true)));
  expect_data_both_ways(connection);
  if (is_tls13()) {
    expect_obstacle(connection, ErrorCode::refused, "rekey_before_serialize");
    ASSERT_TRUE(connection.update_keys(KeyUpdateRequest::update_not_requested));
    expect_obstacle(connection, ErrorCode::refused, "send output()");
    peer_.receive(connection.take_output());
  }
  go_through_s2n_v1(connection);
  expect_data_both_ways(connection);
}

INSTANTIATE_TEST_SUITE_P(EverySuite, S2nHandover, testing::ValuesIn(every_role_and_suite()),
                         name_of_role_and_suite);
INSTANTIATE_TEST_SUITE_P(EverySuite, S2nHandoverTls13,
                         testing::ValuesIn(every_role_and_suite({ProtocolVersion::tls13})),
                         name_of_role_and_suite);
INSTANTIATE_TEST_SUITE_P(EverySuite, S2nHandoverServer, testing::ValuesIn(every_suite_as(Role::server)),
                         name_of_role_and_suite);

}  // namespace
}  // namespace baton::test
