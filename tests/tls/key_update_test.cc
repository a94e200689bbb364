// KeyUpdate (RFC 8446 §4.6.3).
#include "support/transfer.h"
#include "tls/connection.h"

namespace baton::tls {
namespace {

using test::bytes_of;
using test::deliver;
using test::read_all;
using test::transfer;
using enum KeyUpdateRequest;

class KeyUpdateTest : public test::SeededTest {
 protected:
  const CipherSuite& suite_ = *find_cipher_suite(0x1302);
};

TEST_F(KeyUpdateTest, DataFlowsThroughUpdatesInBothDirections) {
  auto [server, client] = test::make_pair(suite_, random_);
  for (int round = 0; round < 10; ++round) {
    test::write(client, bytes_of("before"));
    ASSERT_TRUE(client.update_keys(round % 2 == 0 ? update_requested : update_not_requested));
    test::write(client, bytes_of("after"));
    deliver(client, server);
    EXPECT_EQ(as_text(read_all(server)), "beforeafter");
    transfer(server);
    test::write(server, bytes_of("answer"));
    ASSERT_TRUE(server.update_keys(update_not_requested));
    deliver(server, client);
    transfer(client);
    EXPECT_EQ(as_text(read_all(client)), "answer");
  }
}

TEST_F(KeyUpdateTest, ARequestIsAnsweredOnceAndAtOnceWhenNothingWaits) {
  auto [server, client] = test::make_pair(suite_, random_);
  ASSERT_TRUE(client.update_keys(update_requested));
  deliver(client, server);
  EXPECT_TRUE(read_all(server).empty());
  EXPECT_FALSE(server.output().empty());
  EXPECT_FALSE(server.state().key_update_owed);
  EXPECT_EQ(server.state().write.sequence, 0u) << "the sending key has changed";
  deliver(server, client);
  read_all(client);
  EXPECT_TRUE(client.output().empty()) << "update_not_requested is not answered";
}

// R9: a peer that asks again and again without reading makes nothing grow.
TEST_F(KeyUpdateTest, RequestsAreAnsweredTogetherWhileOutputWaits) {
  auto [server, client] = test::make_pair(suite_, random_);
  test::write(server, bytes_of("waiting"));
  const std::size_t waiting = server.output().size();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.update_keys(update_requested));
  deliver(client, server);
  read_all(server);
  EXPECT_EQ(server.output().size(), waiting);
  EXPECT_TRUE(server.state().key_update_owed);
  transfer(server);
  EXPECT_TRUE(server.state().key_update_owed) << "an owed answer moves with the connection";
  test::write(server, bytes_of("!"));
  EXPECT_FALSE(server.state().key_update_owed);
  deliver(server, client);
  EXPECT_EQ(as_text(read_all(client)), "waiting!");
  EXPECT_EQ(client.state().read.sequence, 1u) << "one KeyUpdate, then one record";
}

TEST_F(KeyUpdateTest, AMessageCutByRecordsAndATransferIsPutTogether) {
  auto states = test::make_states(suite_, random_);
  auto writer = RecordProtection::create(suite_, states.client.write.keying);
  ASSERT_TRUE(writer);
  const Bytes message = {24, 0, 0, 1, 0};
  auto server = test::connect(std::move(states.server));
  for (std::uint64_t i = 0; i < message.size(); ++i) {
    Bytes wire;
    test::seal_record(*writer, i, ContentType::handshake, ByteView(message).subspan(i, 1), wire);
    server.feed(wire);
    EXPECT_TRUE(std::holds_alternative<NeedBytes>(server.next()));
    transfer(server);
  }
  EXPECT_EQ(server.state().read.sequence, 0u) << "the receiving key has changed";
}

TEST_F(KeyUpdateTest, ThePeerIsAskedWhenItsKeyIsUsedUp) {
  ConnectionOptions server_options;
  server_options.key_limits.rekey_after = 5;
  auto states = test::make_states(suite_, random_);
  auto client = test::connect(std::move(states.client));
  auto server = test::connect(std::move(states.server), server_options);
  for (int i = 0; i < 5; ++i) test::write(client, bytes_of("x"));
  deliver(client, server);
  EXPECT_EQ(as_text(read_all(server)), "xxxxx");
  deliver(server, client);
  read_all(client);
  EXPECT_EQ(client.state().write.sequence, 0u) << "the client has followed";
  test::write(client, bytes_of("y"));
  deliver(client, server);
  EXPECT_EQ(as_text(read_all(server)), "y");
}

// It was used up before the connection came here.
TEST_F(KeyUpdateTest, ThePeerIsAskedOnceAboveTheLimit) {
  ConnectionOptions server_options;
  server_options.key_limits.rekey_after = 5;
  auto states = test::make_states(suite_, random_);
  states.client.write.sequence = states.server.read.sequence = 7;
  auto client = test::connect(std::move(states.client));
  auto server = test::connect(std::move(states.server), server_options);
  test::write(client, bytes_of("x"));
  deliver(client, server);
  EXPECT_EQ(as_text(read_all(server)), "x");
  const auto asked = server.take_output();
  EXPECT_FALSE(asked.empty());
  test::write(client, bytes_of("y"));
  deliver(client, server);
  EXPECT_EQ(as_text(read_all(server)), "y");
  EXPECT_TRUE(server.output().empty()) << "once";
  client.feed(asked);
  read_all(client);
  EXPECT_EQ(client.state().write.sequence, 0u) << "the client has followed";
}

TEST_F(KeyUpdateTest, Tls12HasNone) {
  auto [server, client] = test::make_pair(*find_cipher_suite(0xC02F), random_);
  EXPECT_FALSE(client.update_keys(update_requested));
  EXPECT_TRUE(client.output().empty());
}

}  // namespace
}  // namespace baton::tls
