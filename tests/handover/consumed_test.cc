// R1: a connection that was given away does nothing more, whatever is called.
#include "api_handover.h"
#include "baton_pair.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

template <class T>
void expect_error(const Result<T>& result, ErrorCode code) {
  ASSERT_FALSE(result);
  EXPECT_EQ(to_string(result.error().code), to_string(code));
}

void expect_takes_nothing(Connection& connection, ByteView record) {
  connection.feed(record);
  EXPECT_TRUE(connection.receive_space(100).empty());
  connection.received(100);
  const Event event = connection.next();
  ASSERT_TRUE(std::holds_alternative<Failure>(event));
  EXPECT_FALSE(std::get<Failure>(event).from_peer);
  connection.consume(1);
}

void expect_sends_nothing(Connection& connection) {
  expect_error(connection.write(as_bytes("late")), ErrorCode::consumed);
  expect_error(connection.write({}), ErrorCode::consumed);
  expect_error(connection.update_keys(KeyUpdateRequest::update_requested), ErrorCode::consumed);
  expect_error(connection.close_write(), ErrorCode::consumed);
  connection.abort(Alert::internal_error, "not even an alert");
  EXPECT_TRUE(connection.output().empty());
  connection.output_sent(1);
  EXPECT_TRUE(connection.take_output().empty());
}

void expect_is_not_serialized(Connection& connection) {
  const SerializationReadiness readiness = connection.serialization_readiness();
  ASSERT_TRUE(readiness.obstacle);
  EXPECT_EQ(readiness.obstacle->code, ErrorCode::consumed);
  EXPECT_EQ(readiness.length + readiness.unread_ciphertext + readiness.unread_plaintext +
                readiness.unsent_ciphertext + readiness.partial_handshake,
            0u);
  EXPECT_FALSE(readiness.key_update_owed);
  EXPECT_EQ(serialization_length(connection), 0u);
  expect_error(serialize_unprotected(std::move(connection)), ErrorCode::consumed);
  expect_error(serialize(std::move(connection), the_seal()), ErrorCode::consumed);
}

void expect_knows_nothing(const Connection& connection) {
  EXPECT_FALSE(connection.alive());
  EXPECT_EQ(connection.group(), std::nullopt);
  EXPECT_EQ(connection.server_name(), std::nullopt);
  EXPECT_EQ(connection.alpn(), std::nullopt);
  EXPECT_EQ(connection.resumed(), std::nullopt);
  EXPECT_EQ(connection.handshake_time(), std::nullopt);
  EXPECT_EQ(connection.peer_certificate_digest(), std::nullopt);
  EXPECT_TRUE(connection.peer_certificate_chain().empty());
  EXPECT_FALSE(connection.failure());
  EXPECT_FALSE(connection.can_export_keying_material());
  Bytes out(32);
  expect_error(connection.export_keying_material("x", {}, out), ErrorCode::consumed);
}

class Consumed : public RoleAndSuiteTest {
 protected:
  Consumed() : pair_(make_baton_pair(suite())) {
    // Something is in flight, so that there would be something to give.
    deliver(pair_.server, pair_.client);
    EXPECT_EQ(read_text(pair_.client), "");
    EXPECT_TRUE(ours().write(as_bytes("unsent")));
    EXPECT_TRUE(peers().write(as_bytes("unread, then more")));
    ours().feed(peers().take_output());
    static_cast<void>(ours().next());
    EXPECT_TRUE(peers().write(as_bytes("never fed")));
  }

  Connection& ours() { return role() == Role::server ? pair_.server : pair_.client; }
  Connection& peers() { return role() == Role::server ? pair_.client : pair_.server; }

  // In every order: each call must leave the others as they are.
  void expect_consumed() {
    for (int i = 0; i < 2; ++i) {
      expect_takes_nothing(ours(), peers().output());
      expect_sends_nothing(ours());
      expect_is_not_serialized(ours());
      expect_knows_nothing(ours());
    }
  }

  // The connection lives on where it was given to.
  void expect_goes_on(Connection moved) {
    peers().feed(moved.take_output());
    EXPECT_EQ(read_text(peers()), "unsent");
    deliver(peers(), moved);
    EXPECT_EQ(read_text(moved), "unread, then morenever fed");
    expect_data_passes(moved, peers());
  }

  BatonPair pair_;
};

TEST_P(Consumed, AfterSerializeUnprotected) {
  const SecretBuffer bytes = value_of(serialize_unprotected(std::move(ours())));
  expect_consumed();
  expect_goes_on(value_of(deserialize_unprotected(bytes, continuing(role()))));
}

TEST_P(Consumed, AfterSerialize) {
  const Bytes envelope = value_of(serialize(std::move(ours()), the_seal()));
  expect_consumed();
  expect_goes_on(value_of(deserialize(envelope, the_seal(), continuing(role()))));
}

TEST_P(Consumed, AfterAMove) {
  Connection moved = std::move(ours());
  expect_consumed();
  expect_goes_on(std::move(moved));
}

TEST_P(Consumed, AnObjectCanBeUsedAgain) {
  Connection moved = std::move(ours());
  ours() = std::move(moved);
  EXPECT_FALSE(moved.alive());
  EXPECT_TRUE(ours().alive());
  Connection back = std::move(ours());
  expect_goes_on(std::move(back));
}

class ConsumedHandshake : public SeededTest {};

TEST_F(ConsumedHandshake, HasBecomeAConnection) {
  const tls::CipherSuite& suite = *tls::find_cipher_suite(0x1301);
  LibsslPeer peer = LibsslPeer::client(kName);
  Handshake handshake = value_of(Handshake::start(config_for(Role::server, suite)));
  expect_error(std::move(handshake).connection(), ErrorCode::invalid_argument);
  peer.start();
  while (handshake.advance(peer.take_output()) == HandshakeStep::need_bytes) {
    peer.receive(handshake.take_output());
  }
  Connection connection = value_of(std::move(handshake).connection());
  EXPECT_TRUE(connection.alive());
  expect_error(std::move(handshake).connection(), ErrorCode::consumed);
  EXPECT_EQ(handshake.advance({}), HandshakeStep::failed);
  EXPECT_TRUE(handshake.take_output().empty());
}

INSTANTIATE_TEST_SUITE_P(EverySuite, Consumed, testing::ValuesIn(every_role_and_suite()),
                         name_of_role_and_suite);

}  // namespace
}  // namespace baton::test
