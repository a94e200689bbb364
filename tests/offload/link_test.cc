// HELLO, PING, GO_AWAY, LINK_ERROR, versions and limits.

#include <gtest/gtest.h>

#include "offload/link_pair.h"

namespace baton::offload::test {
namespace {

using serialization::SerializationVersion;

TEST(Link, BothSayHelloAtOnce) {
  LinkPair pair;
  EXPECT_FALSE(pair.client.ready());
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(pair.client.ready());
  EXPECT_TRUE(pair.server.ready());
  const auto at_client = only_event<Hello>(pair.client);
  ASSERT_TRUE(at_client);
  EXPECT_EQ(at_client->software, "store 1");
  EXPECT_EQ(at_client->max_in_flight, 4096U);
  EXPECT_EQ(at_client->capabilities, kAllCapabilities);
  const auto at_server = only_event<Hello>(pair.server);
  ASSERT_TRUE(at_server);
  EXPECT_EQ(at_server->newest_readable, 1);
  EXPECT_EQ(pair.server.version_to_write(), kV1);
}

TEST(Link, NeverOffersWhatThisVersionLacks) {
  LinkClient client({}, {"app", UINT64_MAX});
  LinkServer server({}, {"store"}, kV1);
  ASSERT_TRUE(server.receive(take_output(client)));
  EXPECT_EQ(server.peer().capabilities, kAllCapabilities);
}

TEST(Link, EarlyHandoffNeedsBothSides) {
  for (const std::uint64_t of_client : {kSerializationOffload, kAllCapabilities}) {
    for (const std::uint64_t of_server : {kSerializationOffload, kAllCapabilities}) {
      LinkClient client({}, {"app", of_client});
      LinkServer server({}, {"store", of_server}, kV1);
      EXPECT_FALSE(server.can_hand_off_early()) << "nothing is known of the peer";
      ASSERT_TRUE(server.receive(take_output(client)));
      EXPECT_EQ(server.can_hand_off_early(), (of_client & of_server & kEarlyHandoff) != 0);
      EXPECT_TRUE(server.can_offload());
    }
  }
}

TEST(Link, AWholeHandshakeAtEveryCut) {
  for (std::size_t cut = 1; cut < 200; ++cut) {
    LinkPair pair;
    ASSERT_TRUE(pair.pump(cut));
    take_events(pair.client);
    take_events(pair.server);
    const auto id = pair.client.open({sample_open().client, "https", sample_open().trace_id,
                                      std::chrono::milliseconds(10), some_bytes(300)});
    ASSERT_TRUE(id);
    ASSERT_TRUE(pair.pump(cut));
    const auto open = only_event<Received<Open>>(pair.server);
    ASSERT_TRUE(open);
    EXPECT_EQ(open->id, *id);
    EXPECT_EQ(open->body.first_bytes, some_bytes(300));
    EXPECT_EQ(open->body.deadline_ms, 10U);
    ASSERT_TRUE(pair.server.server_bytes(*id, 300, some_bytes(50)));
    ASSERT_TRUE(pair.client.client_bytes(*id, some_bytes(100)));
    ASSERT_TRUE(pair.pump(cut));
    const auto server_bytes = only_event<Received<ServerBytes>>(pair.client);
    ASSERT_TRUE(server_bytes);
    EXPECT_EQ(server_bytes->body.bytes, some_bytes(50));
    const auto client_bytes = only_event<Received<ClientBytes>>(pair.server);
    ASSERT_TRUE(client_bytes);
    EXPECT_EQ(client_bytes->body.bytes, some_bytes(100));
    ASSERT_TRUE(pair.server.handoff(*id, {380, some_bytes(7), some_secret(97)}));
    ASSERT_TRUE(pair.pump(cut));
    const auto handoff = only_event<Received<Handoff>>(pair.client);
    ASSERT_TRUE(handoff);
    EXPECT_EQ(handoff->body.consumed, 380U);
    EXPECT_EQ(handoff->body.server_bytes, some_bytes(7));
    EXPECT_EQ(handoff->body.serialized, some_secret(97));
    ASSERT_TRUE(pair.client.report(*id, {OutcomeKind::established}));
    ASSERT_TRUE(pair.pump(cut));
    const auto outcome = only_event<Received<Outcome>>(pair.server);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->body.kind, OutcomeKind::established);
    EXPECT_EQ(pair.client.in_flight() + pair.server.in_flight(), 0U);
  }
}

TEST(Link, LargeFlightsAreSplit) {
  LinkLimits small;
  small.max_payload = kSmallestMaxPayload;
  LinkPair pair(small, small);
  pair.connect();
  const HandshakeId id = pair.open(some_bytes(kClientWindow));
  const Bytes flight = some_bytes(100'000);
  ASSERT_TRUE(pair.server.server_bytes(id, 5, flight));
  ASSERT_TRUE(pair.server.handoff(id, {5, flight, some_secret(200)}));
  ASSERT_TRUE(pair.pump());
  Bytes received;
  for (auto& event : take_events(pair.client)) {
    if (auto* bytes = std::get_if<Received<ServerBytes>>(&event)) append(received, bytes->body.bytes);
    if (auto* handoff = std::get_if<Received<Handoff>>(&event)) append(received, handoff->body.server_bytes);
  }
  Bytes expected = flight;
  append(expected, flight);
  EXPECT_EQ(received, expected);
}

TEST(Link, AConnectionTooLargeForThePeerIsRefusedAndTheHandshakeRunsOn) {
  LinkLimits small;
  small.max_payload = kSmallestMaxPayload;
  LinkPair pair(small);
  pair.connect();
  const HandshakeId id = pair.open();
  EXPECT_FALSE(pair.server.handoff(id, {0, {}, some_secret(kSmallestMaxPayload)}));
  EXPECT_TRUE(pair.server.fail_handshake(id, Failed{}));
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(only_event<Received<Failed>>(pair.client));
}

TEST(Link, FailureTextsAreMadeToFit) {
  LinkPair pair;
  pair.connect();
  const HandshakeId id = pair.open();
  Failed failed;
  failed.text = "line\n" + std::string(2000, 'x');
  failed.server_name = std::string(300, 'n');
  ASSERT_TRUE(pair.server.fail_handshake(id, failed));
  ASSERT_TRUE(pair.pump());
  const auto event = only_event<Received<Failed>>(pair.client);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->body.text.size(), kMaxReasonText);
  EXPECT_EQ(event->body.text.substr(0, 6), "line?x");
  EXPECT_EQ(event->body.server_name.size(), kMaxServerName);
}

TEST(Link, VersionIsTheOlderOfConfiguredAndReadable) {
  EXPECT_EQ(*written_version(SerializationVersion{1}, 1), SerializationVersion{1});
  EXPECT_EQ(*written_version(SerializationVersion{3}, 2), SerializationVersion{2});
  EXPECT_EQ(*written_version(SerializationVersion{2}, 9), SerializationVersion{2});
  EXPECT_EQ(written_version(SerializationVersion::none, 1).error().code, ErrorCode::refused);
  EXPECT_EQ(written_version(SerializationVersion{1}, 0).error().code, ErrorCode::unsupported_version);
}

TEST(Link, PeerThatReadsNoVersionIsRefusedWithAReason) {
  LinkClient client({}, {"old app", kSerializationOffload, SerializationVersion::none});
  LinkServer server({}, {"store"}, kV1);
  const auto received = server.receive(take_output(client));
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, ErrorCode::unsupported_version);
  EXPECT_FALSE(server.ready());
  ASSERT_TRUE(client.receive(take_output(server)));
  const auto events = take_events(client);
  ASSERT_EQ(events.size(), 2U);
  const auto& error = std::get<LinkError>(events[1]);
  EXPECT_EQ(error.code, LinkErrorCode::serialization_version);
  EXPECT_NE(error.text.find("reads no serialization version"), std::string::npos);
  EXPECT_TRUE(client.closed());
}

TEST(Link, KeyStoreWithSerializationOffRefusesTheLink) {
  LinkClient client({}, {"app"});
  LinkServer server({}, {"store", kSerializationOffload}, SerializationVersion::none);
  EXPECT_FALSE(server.receive(take_output(client)));
  EXPECT_EQ(link_error_of(server), LinkErrorCode::serialization_version);
}

// Serialization is not needed for signing alone.
TEST(Link, AKeyStoreThatOnlySigns) {
  LinkPair pair;
  LinkServer server({}, {"store", kSigning}, SerializationVersion::none);
  ASSERT_TRUE(server.receive(take_output(pair.client)));
  ASSERT_TRUE(pair.client.receive(take_output(server)));
  EXPECT_EQ(pair.client.open({}).error().code, ErrorCode::refused);
  const auto id = pair.client.sign(sample_sign());
  ASSERT_TRUE(id);
  ASSERT_TRUE(server.receive(take_output(pair.client)));
  EXPECT_EQ(server.in_flight(), 1U);
  ASSERT_TRUE(server.signature(*id, some_bytes(70)));
  ASSERT_TRUE(pair.client.receive(take_output(server)));
  const auto answers = take_events(pair.client);
  ASSERT_EQ(answers.size(), 2U);  // HELLO before it
  EXPECT_EQ(std::get<Received<Signature>>(answers[1]).body.signature, some_bytes(70));
  EXPECT_EQ(pair.client.in_flight() + server.in_flight(), 0U);
  EXPECT_FALSE(inject(server, static_cast<HandshakeId>(50), sample_open()));
  EXPECT_EQ(link_error_of(server), LinkErrorCode::unexpected_frame);
}

TEST(Link, AnOlderPeerIsNotAskedToSign) {
  LinkClient client({}, {"app"});
  ASSERT_TRUE(inject(client, HandshakeId::link, sample_hello()));
  EXPECT_EQ(client.sign(sample_sign()).error().code, ErrorCode::refused);
  LinkServer server({}, {"store"}, kV1);
  ASSERT_TRUE(inject(server, HandshakeId::link, sample_hello()));
  EXPECT_FALSE(inject(server, kSomeHandshake, sample_sign()));
  EXPECT_EQ(link_error_of(server), LinkErrorCode::unexpected_frame);
}

TEST(Link, SignaturesCountAmongThoseInFlight) {
  LinkLimits few;
  few.max_in_flight = 3;
  LinkPair pair(few, few);
  pair.connect();
  pair.open();
  ASSERT_TRUE(pair.client.sign(sample_sign()));
  ASSERT_TRUE(pair.client.sign(sample_sign()));
  EXPECT_EQ(pair.client.sign(sample_sign()).error().code, ErrorCode::limit_exceeded);
  EXPECT_EQ(pair.client.open({}).error().code, ErrorCode::limit_exceeded);
  pair.pump();
  EXPECT_FALSE(inject(pair.server, static_cast<HandshakeId>(50), sample_sign()));
  EXPECT_EQ(link_error_of(pair.server), LinkErrorCode::too_many_handshakes);
}

TEST(Link, WithoutTheCapabilityNothingIsOpened) {
  LinkClient client({}, {"app"});
  ASSERT_TRUE(inject(client, HandshakeId::link, [] {
    Hello hello = sample_hello();
    hello.capabilities = 0;
    return hello;
  }()));
  EXPECT_EQ(client.open({}).error().code, ErrorCode::refused);

  LinkServer server({}, {"store", 0}, kV1);
  ASSERT_TRUE(inject(server, HandshakeId::link, sample_hello()));
  EXPECT_FALSE(inject(server, kSomeHandshake, sample_open()));
  EXPECT_EQ(link_error_of(server), LinkErrorCode::unexpected_frame);
}

TEST(Link, HelloComesFirstAndOnce) {
  LinkServer server({}, {"store"}, kV1);
  EXPECT_FALSE(inject(server, HandshakeId::link, Ping{1}));
  EXPECT_EQ(link_error_of(server), LinkErrorCode::hello_expected);
  EXPECT_FALSE(inject(server, HandshakeId::link, sample_hello())) << "an error is final";

  LinkPair pair;
  pair.connect();
  EXPECT_FALSE(inject(pair.client, HandshakeId::link, sample_hello()));
  EXPECT_EQ(link_error_of(pair.client), LinkErrorCode::unexpected_frame);
}

TEST(Link, NothingIsOpenedBeforeTheHello) {
  LinkClient client({}, {"app"});
  EXPECT_EQ(client.open({}).error().code, ErrorCode::refused);
  EXPECT_EQ(client.ping().error().code, ErrorCode::refused);
}

TEST(Link, PingsAreAnsweredInOrder) {
  LinkPair pair;
  pair.connect();
  const auto first = pair.client.ping();
  const auto second = pair.client.ping();
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(pair.pump());
  const auto events = take_events(pair.client);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(std::get<Pong>(events[0]).value, *first);
  EXPECT_EQ(std::get<Pong>(events[1]).value, *second);
  ASSERT_TRUE(pair.server.ping());
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(only_event<Pong>(pair.server));
}

TEST(Link, UnansweredPingsAreBounded) {
  LinkPair pair;
  pair.connect();
  for (std::size_t count = 0; count < kMaxPingsOutstanding; ++count) ASSERT_TRUE(pair.client.ping());
  EXPECT_EQ(pair.client.ping().error().code, ErrorCode::limit_exceeded);
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(pair.client.ping());
}

TEST(Link, APongNeedsItsPing) {
  LinkPair pair;
  pair.connect();
  EXPECT_FALSE(inject(pair.client, HandshakeId::link, Pong{1}));
  EXPECT_EQ(link_error_of(pair.client), LinkErrorCode::unexpected_frame);
}

TEST(Link, GoAwayLetsRunningHandshakesFinish) {
  LinkPair pair;
  pair.connect();
  const HandshakeId id = pair.open();
  pair.server.go_away("restart");
  pair.server.go_away("again");
  ASSERT_TRUE(pair.pump());
  const auto event = only_event<GoAway>(pair.client);
  ASSERT_TRUE(event) << "the second call must say nothing";
  EXPECT_EQ(event->reason, "restart");
  EXPECT_TRUE(pair.client.going_away());
  EXPECT_EQ(pair.client.open({}).error().code, ErrorCode::refused);
  ASSERT_TRUE(pair.server.handoff(id, {1, {}, some_secret(97)}));
  ASSERT_TRUE(pair.pump());
  ASSERT_TRUE(pair.client.report(id, {}));
  ASSERT_TRUE(pair.pump());
  EXPECT_EQ(pair.server.in_flight(), 0U);
}

TEST(Link, AnOpenMayCrossTheKeyStoresGoAway) {
  LinkPair pair;
  pair.connect();
  ASSERT_TRUE(pair.client.open({}));
  pair.server.go_away("restart");
  ASSERT_TRUE(pair.server.receive(take_output(pair.client)));
  EXPECT_TRUE(only_event<Received<Open>>(pair.server));
  EXPECT_TRUE(pair.server.refuses_opens());
}

TEST(Link, NoOpenAfterTheApplicationServersGoAway) {
  LinkPair pair;
  pair.connect();
  pair.client.go_away("restart");
  EXPECT_FALSE(pair.client.open({}));
  ASSERT_TRUE(pair.pump());
  EXPECT_FALSE(inject(pair.server, kSomeHandshake, sample_open()));
  EXPECT_EQ(link_error_of(pair.server), LinkErrorCode::unexpected_frame);
}

TEST(Link, HandshakesInFlightAreBounded) {
  LinkLimits two;
  two.max_in_flight = 2;
  LinkPair pair({}, two);
  pair.connect();
  const HandshakeId first = pair.open();
  pair.open();
  EXPECT_EQ(pair.client.open({}).error().code, ErrorCode::limit_exceeded);
  pair.client.cancel(first, CancelReason::client_gone);
  EXPECT_TRUE(pair.client.open({}));
  ASSERT_TRUE(pair.pump()) << "an honest application server never breaks the limit";
  EXPECT_FALSE(inject(pair.server, static_cast<HandshakeId>(100), sample_open()));
  EXPECT_EQ(link_error_of(pair.server), LinkErrorCode::too_many_handshakes);
}

TEST(Link, ClientBytesStayWithinTheWindow) {
  LinkPair pair;
  pair.connect();
  const HandshakeId id = pair.open(some_bytes(1000));
  EXPECT_EQ(pair.client.client_window(id), kClientWindow - 1000);
  EXPECT_FALSE(pair.client.client_bytes(id, some_bytes(kClientWindow - 999)));
  ASSERT_TRUE(pair.client.client_bytes(id, some_bytes(kClientWindow - 1000)));
  EXPECT_EQ(pair.client.client_window(id), 0U);
  ASSERT_TRUE(pair.pump());
  ASSERT_TRUE(pair.server.server_bytes(id, 700, {}));
  ASSERT_TRUE(pair.pump());
  EXPECT_EQ(pair.client.client_window(id), 700U);
  EXPECT_FALSE(pair.client.open({{}, "https", {}, {}, some_bytes(kClientWindow + 1)}));
}

TEST(Link, AKeyStoreThatDoesNotReadIsGivenNothingNew) {
  LinkLimits low;
  low.output_high_water = 1000;
  LinkPair pair(low);
  pair.connect();
  const HandshakeId id = pair.open();
  ASSERT_TRUE(pair.client.client_bytes(id, some_bytes(1000)));
  EXPECT_EQ(pair.client.client_window(id), 0U);
  EXPECT_EQ(pair.client.open({}).error().code, ErrorCode::limit_exceeded);
  pair.client.cancel(id, CancelReason::client_gone);
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(pair.client.open({}));
}

TEST(Link, AnApplicationServerThatDoesNotReadIsSlowedThenLeft) {
  LinkLimits low;
  low.output_high_water = 1000;
  low.output_limit = 5000;
  LinkPair pair({}, low);
  pair.connect();
  const HandshakeId id = pair.open();
  EXPECT_TRUE(pair.server.wants_input());
  ASSERT_TRUE(pair.server.server_bytes(id, 0, some_bytes(2000)));
  EXPECT_FALSE(pair.server.wants_input());
  EXPECT_FALSE(pair.server.server_bytes(id, 0, some_bytes(4000)));
  EXPECT_TRUE(pair.server.closed());
  EXPECT_EQ(link_error_of(pair.server), LinkErrorCode::output_overflow);
}

TEST(Link, PingsThatNobodyReadsTheAnswersOfEndTheLink) {
  LinkLimits low;
  low.output_limit = 1000;
  LinkPair pair({}, low);
  pair.connect();
  Result<void> received;
  for (int count = 0; count < 100 && received; ++count)
    received = inject(pair.server, HandshakeId::link, Ping{1});
  ASSERT_FALSE(received);
  EXPECT_LT(pair.server.output().size(), 1100U);
}

TEST(Link, OutputIsTakenInPieces) {
  LinkPair pair;
  pair.connect();
  const HandshakeId id = pair.open();
  const Bytes flight = some_bytes(900'000);
  ASSERT_TRUE(pair.server.server_bytes(id, 0, flight));
  Bytes received;
  while (!pair.server.output().empty()) {
    ASSERT_TRUE(pair.client.receive(take_output(pair.server, 777)));
    for (auto& event : take_events(pair.client))
      append(received, std::get<Received<ServerBytes>>(event).body.bytes);
  }
  EXPECT_EQ(received, flight);
}

TEST(Link, TheProgramCanEndIt) {
  LinkPair pair;
  pair.connect();
  pair.server.end_link(LinkErrorCode::refused, "this identity has no names");
  ASSERT_TRUE(pair.pump());
  const auto error = only_event<LinkError>(pair.client);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, LinkErrorCode::refused);
  EXPECT_TRUE(pair.client.closed());
  EXPECT_FALSE(pair.client.open({}));
  EXPECT_FALSE(pair.client.receive(encoded({HandshakeId::link, Ping{1}})));
}

// What is sent is gone from memory (R6).
TEST(Link, OutputIsWipedAsItLeaves) {
  OutputQueue queue;
  append(queue.buffer(), some_bytes(100));
  const std::uint8_t* memory = queue.buffer().data();
  queue.sent(60);
  EXPECT_TRUE(std::all_of(memory, memory + 60, [](std::uint8_t byte) { return byte == 0; }));
  EXPECT_EQ(queue.size(), 40U);
  EXPECT_EQ(queue.view()[0], some_bytes(100)[60]);
}

}  // namespace
}  // namespace baton::offload::test
