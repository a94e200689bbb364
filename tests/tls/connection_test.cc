// Data, closure and KeyUpdate over a pair of connections; each test also serializes in the middle.
#include "tls/connection.h"

#include "support/transfer.h"

namespace baton::tls {
namespace {

using test::bytes_of;
using test::deliver;
using test::read_all;
using test::transfer;

class ConnectionTest : public test::SeededTest, public testing::WithParamInterface<std::uint16_t> {
 protected:
  const CipherSuite& suite() const { return *find_cipher_suite(GetParam()); }
  bool tls13() const { return suite().version == ProtocolVersion::tls13; }
  test::ConnectionPair pair(ConnectionOptions options = {}) {
    return test::make_pair(suite(), random_, options);
  }
};

std::vector<std::uint16_t> all_suites() {
  std::vector<std::uint16_t> ids;
  for (const CipherSuite& suite : cipher_suites()) ids.push_back(suite.id);
  return ids;
}

INSTANTIATE_TEST_SUITE_P(EachSuite, ConnectionTest, testing::ValuesIn(all_suites()),
                         [](const auto& suite_id) {
                           return std::string(find_cipher_suite(suite_id.param)->name);
                         });

TEST_P(ConnectionTest, CarriesDataBothWaysThroughTransfers) {
  auto [server, client] = pair();
  for (int round = 0; round < 20; ++round) {
    const Bytes request = test::random_bytes(random_, random_() % 40'000);
    const Bytes response = test::random_bytes(random_, random_() % 40'000);
    test::write(client, request);
    deliver(client, server);
    EXPECT_EQ(read_all(server), request);
    transfer(server);
    test::write(server, response);
    deliver(server, client);
    transfer(client);
    EXPECT_EQ(read_all(client), response);
  }
}

TEST_P(ConnectionTest, IsCutAtEveryByte) {
  auto [server, client] = pair();
  const Bytes text = bytes_of("the quick brown fox jumps over the lazy dog");
  Bytes wire;
  for (int i = 0; i < 3; ++i) {
    test::write(client, text);
    append(wire, client.output());
    client.output_sent(client.output().size());
  }
  Bytes received;
  for (std::uint8_t byte : wire) {
    server.feed({&byte, 1});
    append(received, read_all(server));
    transfer(server);
  }
  EXPECT_EQ(received.size(), 3 * text.size());
}

TEST_P(ConnectionTest, NeedBytesTellsHowManyAreMissing) {
  auto [server, client] = pair();
  test::write(client, bytes_of("hello"));
  const Bytes wire(client.output().begin(), client.output().end());
  Event event = server.next();
  ASSERT_TRUE(std::holds_alternative<NeedBytes>(event));
  EXPECT_EQ(std::get<NeedBytes>(event).count, kRecordHeaderSize);
  server.feed(ByteView(wire).first(kRecordHeaderSize));
  event = server.next();
  ASSERT_TRUE(std::holds_alternative<NeedBytes>(event));
  EXPECT_EQ(std::get<NeedBytes>(event).count, wire.size() - kRecordHeaderSize);
}

TEST_P(ConnectionTest, UnreadPlaintextMovesWithTheConnection) {
  auto [server, client] = pair();
  test::write(client, bytes_of("first"));
  test::write(client, bytes_of("second"));
  deliver(client, server);
  const Event event = server.next();
  ASSERT_TRUE(std::holds_alternative<ApplicationData>(event));
  server.consume(2);
  transfer(server);
  EXPECT_EQ(as_text(read_all(server)), "rstsecond");
}

TEST_P(ConnectionTest, UnsentCiphertextMovesWithTheConnection) {
  auto [server, client] = pair();
  test::write(client, bytes_of("abc"));
  const std::uint8_t first_byte = client.output()[0];
  client.output_sent(1);
  transfer(client);
  server.feed({&first_byte, 1});
  deliver(client, server);
  EXPECT_EQ(as_text(read_all(server)), "abc");
}

TEST_P(ConnectionTest, LargeWritesAreFragmentedToThePeersLimit) {
  auto states = test::make_states(suite(), random_);
  states.client.max_send_fragment = states.server.max_receive_fragment = 512;
  auto client = test::connect(std::move(states.client));
  auto server = test::connect(std::move(states.server));
  const Bytes data = test::random_bytes(random_, 5'000);
  test::write(client, data);
  const RecordHeader header = parse_record_header(client.output().first(kRecordHeaderSize));
  EXPECT_LE(header.length, 512 + 8 + 1 + crypto::kAeadTagSize);
  deliver(client, server);
  EXPECT_EQ(read_all(server), data);
}

TEST_P(ConnectionTest, MorePlaintextThanAgreedIsRecordOverflow) {
  auto states = test::make_states(suite(), random_);
  states.server.max_receive_fragment = 512;
  auto client = test::connect(std::move(states.client));
  auto server = test::connect(std::move(states.server));
  test::write(client, Bytes(513));
  deliver(client, server);
  EXPECT_EQ(test::alert_of(server.next()), Alert::record_overflow);
}

TEST_P(ConnectionTest, HalfCloseLeavesTheOtherDirectionOpen) {
  auto [server, client] = pair();
  test::write(client, bytes_of("last words"));
  ASSERT_TRUE(client.close_write());
  ASSERT_TRUE(client.close_write()) << "closing twice is harmless";
  deliver(client, server);
  Event last;
  EXPECT_EQ(as_text(read_all(server, &last)), "last words");
  EXPECT_TRUE(std::holds_alternative<PeerClosed>(last));
  EXPECT_FALSE(client.write(bytes_of("more")));

  transfer(server);
  transfer(client);
  EXPECT_TRUE(server.state().read_closed);
  EXPECT_FALSE(client.write(bytes_of("more"))) << "the closure moves with the connection";
  test::write(server, bytes_of("the answer"));
  deliver(server, client);
  EXPECT_EQ(as_text(read_all(client)), "the answer");
}

TEST_P(ConnectionTest, BytesBehindCloseNotifyAreIgnored) {
  auto [server, client] = pair();
  ASSERT_TRUE(client.close_write());
  deliver(client, server);
  EXPECT_TRUE(std::holds_alternative<PeerClosed>(server.next()));
  server.feed(bytes_of("not a record at all"));
  EXPECT_TRUE(std::holds_alternative<PeerClosed>(server.next()));
}

TEST_P(ConnectionTest, AFatalAlertEndsTheConnection) {
  auto [server, client] = pair();
  client.abort(Alert::internal_error, "test");
  deliver(client, server);
  const Event event = server.next();
  ASSERT_TRUE(std::holds_alternative<Failure>(event));
  EXPECT_TRUE(std::get<Failure>(event).from_peer);
  EXPECT_EQ(std::get<Failure>(event).alert, Alert::internal_error);
  EXPECT_TRUE(server.output().empty()) << "an alert is not answered";
  EXPECT_FALSE(server.write(bytes_of("x")));
  EXPECT_FALSE(std::move(server).into_state()) << "a failed connection cannot be handed on";
}

TEST_P(ConnectionTest, AChangedBitIsBadRecordMac) {
  for (const std::size_t offset : {kRecordHeaderSize, kRecordHeaderSize + 9}) {
    auto [server, client] = pair();
    test::write(client, bytes_of("hello, world"));
    Bytes wire(client.output().begin(), client.output().end());
    wire[offset] ^= 1;
    server.feed(wire);
    EXPECT_EQ(test::alert_of(server.next()), Alert::bad_record_mac);
    deliver(server, client);
    const Event event = client.next();
    ASSERT_TRUE(std::holds_alternative<Failure>(event)) << "the alert reaches the peer";
    EXPECT_EQ(std::get<Failure>(event).alert, Alert::bad_record_mac);
  }
}

TEST_P(ConnectionTest, ARepeatedOrDroppedRecordIsRefused) {
  {
    auto [server, client] = pair();
    test::write(client, bytes_of("pay 1 coin"));
    const Bytes wire(client.output().begin(), client.output().end());
    server.feed(wire);
    server.feed(wire);
    Event last;
    EXPECT_EQ(as_text(read_all(server, &last)), "pay 1 coin");
    EXPECT_EQ(test::alert_of(last), Alert::bad_record_mac);
  }
  {
    auto [server, client] = pair();
    test::write(client, bytes_of("dropped"));
    client.output_sent(client.output().size());
    test::write(client, bytes_of("kept"));
    deliver(client, server);
    EXPECT_EQ(test::alert_of(server.next()), Alert::bad_record_mac);
  }
}

TEST_P(ConnectionTest, SequenceNumbersStepOncePerRecordAcrossTransfers) {
  auto [server, client] = pair();
  for (int i = 1; i <= 12; ++i) {
    test::write(client, bytes_of("x"));
    EXPECT_EQ(client.state().write.sequence, static_cast<std::uint64_t>(i));
    transfer(client);
    deliver(client, server);
    EXPECT_EQ(as_text(read_all(server)), "x");
    EXPECT_EQ(server.state().read.sequence, static_cast<std::uint64_t>(i));
  }
}

TEST_P(ConnectionTest, SequenceNumbersDoNotWrap) {
  auto states = test::make_states(suite(), random_, UINT64_MAX - 1, 0);
  ConnectionOptions options;
  options.key_limits = {UINT64_MAX, UINT64_MAX};
  auto client = test::connect(std::move(states.client), options);
  auto server = test::connect(std::move(states.server), options);
  test::write(client, bytes_of("the last record"));
  deliver(client, server);
  EXPECT_EQ(as_text(read_all(server)), "the last record");
  EXPECT_FALSE(client.write(bytes_of("one too many")));
  EXPECT_FALSE(client.close_write()) << "not even an alert";
  EXPECT_TRUE(client.output().empty());
}

TEST_P(ConnectionTest, AUsedUpKeyIsChangedOrTheConnectionClosed) {
  ConnectionOptions options;
  options.key_limits = {10, 12};
  auto [server, client] = pair(options);
  for (int i = 0; i < 10; ++i) test::write(client, bytes_of("x"));
  EXPECT_EQ(client.state().write.sequence, 10u);
  const auto eleventh = client.write(bytes_of("y"));
  deliver(client, server);
  Event last;
  const Bytes text = read_all(server, &last);
  if (tls13()) {
    ASSERT_TRUE(eleventh);
    EXPECT_EQ(as_text(text), "xxxxxxxxxxy");
    EXPECT_EQ(client.state().write.sequence, 1u) << "the eleventh record is the first under the new key";
  } else {
    ASSERT_FALSE(eleventh);
    EXPECT_EQ(eleventh.error().code, ErrorCode::limit_exceeded);
    EXPECT_TRUE(std::holds_alternative<PeerClosed>(last));
  }
}

TEST_P(ConnectionTest, NothingIsSealedBeyondTheHardLimit) {
  ConnectionOptions options;
  options.key_limits = {UINT64_MAX, 3};
  auto [server, client] = pair(options);
  for (int i = 0; i < 3; ++i) test::write(client, bytes_of("x"));
  EXPECT_FALSE(client.write(bytes_of("x")));
  EXPECT_FALSE(client.close_write());
}

TEST_P(ConnectionTest, EmptyWritesSendNothing) {
  auto [server, client] = pair();
  test::write(client, {});
  EXPECT_TRUE(client.output().empty());
}

TEST_P(ConnectionTest, GivenAwayConnectionsDoNothing) {
  auto [server, client] = pair();
  test::write(client, bytes_of("unsent"));
  auto state = std::move(client).into_state();
  ASSERT_TRUE(state);
  EXPECT_EQ(client.write(bytes_of("x")).error().code, ErrorCode::consumed);
  EXPECT_EQ(client.close_write().error().code, ErrorCode::consumed);
  EXPECT_EQ(client.update_keys(KeyUpdateRequest::update_requested).error().code, ErrorCode::consumed);
  client.abort(Alert::internal_error, "not even an alert");
  client.feed(bytes_of("bytes"));
  EXPECT_TRUE(std::holds_alternative<Failure>(client.next()));
  EXPECT_TRUE(client.output().empty());
  EXPECT_EQ(std::move(client).into_state().error().code, ErrorCode::consumed);
  EXPECT_FALSE(state->unsent_ciphertext.empty());
}

}  // namespace
}  // namespace baton::tls
