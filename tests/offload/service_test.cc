// The service over fake handshakes: life cycle, deadlines, limits.

#include <gtest/gtest.h>

#include "offload/service_pair.h"

namespace baton::offload::test {
namespace {

using std::chrono::milliseconds;

TEST(Service, HandsOffAndCountsOnlyTheOutcome) {
  ServicePair pair;
  const HandshakeId id = pair.open("e");
  EXPECT_EQ(pair.last_listener, "https");
  EXPECT_EQ(pair.server_text(), "E");
  pair.now += milliseconds(3);
  ASSERT_TRUE(pair.send(id, "necGET"));
  EXPECT_EQ(pair.server_text(), "EC");
  ASSERT_TRUE(pair.handoff);
  EXPECT_EQ(pair.handoff->body.consumed, 4U) << "GET belongs to the connection";
  EXPECT_TRUE(serialization::deserialize_unprotected(pair.handoff->body.serialized));
  EXPECT_EQ(pair.endpoint->alive, 0) << "the key store's copy must be gone (R7)";
  EXPECT_EQ(pair.service.counts().handed_off, 1U);
  EXPECT_EQ(pair.service.counts().established, 0U);

  ASSERT_TRUE(pair.client.report(id, {OutcomeKind::established}));
  ASSERT_TRUE(pair.pump());
  EXPECT_EQ(pair.service.counts().established, 1U);
  EXPECT_TRUE(pair.is_empty());

  const auto log = pair.log();
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].kind, LogEventKind::handed_off);
  EXPECT_EQ(log[0].since_open, milliseconds(3));
  EXPECT_EQ(log[0].trace_id, sample_open().trace_id);
  EXPECT_EQ(log[0].listener, "https");
  EXPECT_EQ(log[0].summary.server_name, "www.example.com");
  EXPECT_EQ(log[1].kind, LogEventKind::ended);
  EXPECT_EQ(log[1].outcome, OutcomeKind::established);
  EXPECT_EQ(log[1].summary.server_name, "www.example.com");
}

TEST(Service, WhatIsNotAdmittedCostsNoHandshake) {
  FairRoom room(1, 1);
  ServicePair pair({}, {}, [&room](const Open& open, TimePoint) -> Admitted {
    EXPECT_EQ(open.listener, "https");
    if (auto place = room.take(0)) return std::move(*place);
    return tl::unexpected(Refusal{FailureReason::rate_limited, "too many"});
  });
  const HandshakeId first = pair.open("e");
  pair.endpoint->refuses = true;  // an endpoint that is asked would say `internal`
  pair.open("e");
  EXPECT_EQ(pair.server_text(), std::string("E\x15\x03\x03\x00\x02\x02\x50", 8));
  ASSERT_TRUE(pair.failed);
  EXPECT_EQ(pair.failed->body.reason, FailureReason::rate_limited);
  EXPECT_EQ(pair.failed->body.text, "too many");
  EXPECT_EQ(pair.log().back().reason, FailureReason::rate_limited);
  pair.endpoint->refuses = false;
  ASSERT_TRUE(pair.send(first, "c"));
  pair.failed.reset();
  pair.open("e");
  EXPECT_FALSE(pair.failed) << "the place is free from the handoff on";
  EXPECT_FALSE(room.take(0));
  pair.service.lose_link(pair.now);
  EXPECT_TRUE(room.take(0));
}

TEST(Service, ACancelledHandshakeKeepsItsPlaceUntilTheWorkerIsBack) {
  FairRoom room(1, 1);
  ServicePair pair({}, {}, [&room](const Open&, TimePoint) -> Admitted { return std::move(*room.take(0)); });
  const HandshakeId id = pair.open("s");
  auto step = pair.service.take_pending();
  pair.client.cancel(id, CancelReason::client_gone);
  ASSERT_TRUE(pair.pump());
  EXPECT_FALSE(room.take(0));
  step->run();
  pair.service.finish(*step, pair.now);
  EXPECT_TRUE(room.take(0));
}

TEST(Service, OtherOutcomesAreNoSuccess) {
  for (auto kind : {OutcomeKind::alert, OutcomeKind::timeout, OutcomeKind::client_gone,
                    OutcomeKind::state_refused, static_cast<OutcomeKind>(0), static_cast<OutcomeKind>(77)}) {
    ServicePair pair;
    const HandshakeId id = pair.open("c");
    pair.server_text();
    ASSERT_TRUE(pair.client.report(id, {kind, tls::Alert::bad_certificate, AlertFrom::client}));
    ASSERT_TRUE(pair.pump());
    EXPECT_EQ(pair.service.counts().established, 0U);
    EXPECT_EQ(pair.service.counts().not_established, 1U);
    EXPECT_EQ(pair.log().back().alert, tls::Alert::bad_certificate);
  }
}

TEST(Service, FailuresHaveTheirReasons) {
  const auto failure = [](std::string_view bytes) {
    ServicePair pair;
    pair.open(bytes);
    const std::string text = pair.server_text();
    EXPECT_TRUE(pair.failed);
    EXPECT_TRUE(pair.is_empty());
    const auto log = pair.log();
    EXPECT_EQ(log.size(), 1U);
    EXPECT_EQ(log[0].kind, LogEventKind::failed);
    EXPECT_EQ(log[0].reason, pair.failed->body.reason);
    EXPECT_EQ(log[0].text, pair.failed->body.text);
    EXPECT_EQ(pair.failed->body.server_name, "www.example.com");
    return std::pair(pair.failed->body, text);
  };
  const auto sent = failure("ef");
  EXPECT_EQ(sent.first.reason, FailureReason::tls_alert_sent);
  EXPECT_EQ(sent.first.alert, tls::Alert::handshake_failure);
  EXPECT_EQ(sent.first.consumed, 2U);
  EXPECT_EQ(sent.first.text, "asked to");
  EXPECT_EQ(sent.second, "EF");
  EXPECT_EQ(failure("a").first.reason, FailureReason::tls_alert_received);
  EXPECT_EQ(failure("r").first.reason, FailureReason::name_refused);
}

TEST(Service, AFailingEndpointIsAnInternalErrorThatTheClientIsTold) {
  ServicePair pair;
  pair.endpoint->refuses = true;
  pair.open("e");
  EXPECT_EQ(pair.server_text(), std::string("\x15\x03\x03\x00\x02\x02\x50", 7));
  ASSERT_TRUE(pair.failed);
  EXPECT_EQ(pair.failed->body.reason, FailureReason::internal);
  EXPECT_EQ(pair.failed->body.alert, tls::Alert::internal_error);
}

TEST(Service, TheEarlierDeadlineHolds) {
  ServicePair pair({}, {milliseconds(100), milliseconds(50)});
  pair.open("e");
  const HandshakeId hasty = pair.open("n", milliseconds(30));
  const HandshakeId wishful = pair.open("n", milliseconds(500));
  EXPECT_EQ(pair.service.next_deadline(), pair.now + milliseconds(30));
  pair.now += milliseconds(29);
  pair.service.expire(pair.now);
  EXPECT_TRUE(pair.service.output().empty());
  pair.now += milliseconds(1);
  pair.service.expire(pair.now);
  pair.pump();
  EXPECT_EQ(pair.server_text().back(), '\x50') << "the client has seen nothing yet, so it can read an alert";
  ASSERT_TRUE(pair.failed);
  EXPECT_EQ(pair.failed->id, hasty);
  EXPECT_EQ(pair.failed->body.reason, FailureReason::deadline);
  EXPECT_EQ(pair.service.next_deadline(), TimePoint{} + milliseconds(100));
  pair.now += milliseconds(70);
  pair.service.expire(pair.now);
  pair.pump();
  pair.server_text();
  EXPECT_EQ(pair.failed->id, wishful);
  EXPECT_TRUE(pair.is_empty());
  EXPECT_EQ(pair.service.counts().failed, 3U);
}

TEST(Service, NoPlaintextAlertAfterServerBytes) {
  ServicePair pair;
  pair.open("e");
  EXPECT_EQ(pair.server_text(), "E");
  pair.now += std::chrono::hours(1);
  pair.service.expire(pair.now);
  pair.pump();
  EXPECT_EQ(pair.server_text(), "");
  ASSERT_TRUE(pair.failed);
  EXPECT_EQ(pair.failed->body.alert, tls::Alert::close_notify);
}

TEST(Service, AMissingOutcomeIsForgotten) {
  ServicePair pair({}, {milliseconds(100), milliseconds(50)});
  const HandshakeId id = pair.open("c");
  pair.server_text();
  EXPECT_EQ(pair.service.next_deadline(), pair.now + milliseconds(50));
  pair.now += milliseconds(50);
  pair.service.expire(pair.now);
  EXPECT_EQ(pair.service.counts().outcome_missing, 1U);
  EXPECT_EQ(pair.log().back().kind, LogEventKind::outcome_missing);
  ASSERT_TRUE(pair.client.report(id, {}));
  ASSERT_TRUE(pair.pump()) << "the late OUTCOME is ignored";
  EXPECT_EQ(pair.service.counts().established, 0U);
  EXPECT_TRUE(pair.is_empty());
}

TEST(Service, CancelFreesAtOnce) {
  ServicePair pair;
  const HandshakeId running = pair.open("e");
  const HandshakeId handed_off = pair.open("c");
  EXPECT_EQ(pair.endpoint->alive, 1);
  pair.client.cancel(running, CancelReason::client_gone);
  pair.client.cancel(handed_off, CancelReason::limit);
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(pair.is_empty());
  EXPECT_EQ(pair.service.counts().cancelled, 2U);
  EXPECT_EQ(pair.log().back().cancel_reason, CancelReason::limit);
}

TEST(Service, OpenAndCancelInOneReadBeginNothing) {
  ServicePair pair;
  OpenRequest request;
  request.first_bytes = {'e'};
  const auto id = pair.client.open(request);
  ASSERT_TRUE(id);
  pair.client.cancel(*id, CancelReason::client_gone);
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(pair.is_empty());
  EXPECT_EQ(pair.server_text(), "");
}

TEST(Service, MoreThanTheWindowEndsOnlyThatHandshake) {
  ServicePair pair;
  const HandshakeId waiting = pair.open("t");
  const HandshakeId other = pair.open("e");
  pair.server_text();
  // A client end that does not keep the rules.
  constexpr std::size_t kPart = 32 * 1024;
  ASSERT_TRUE(pair.service.receive(encoded({waiting, ClientBytes{Bytes(kPart, 'n')}}), pair.now));
  for (std::size_t sent = kPart + 1; sent < kClientWindow; sent += kPart) {
    EXPECT_EQ(pair.service.counts().failed, 0U);
    ASSERT_TRUE(pair.service.receive(encoded({waiting, ClientBytes{Bytes(kPart, 'n')}}), pair.now));
  }
  EXPECT_EQ(pair.service.counts().failed, 1U);
  EXPECT_EQ(pair.log().back().reason, FailureReason::byte_budget);
  ASSERT_TRUE(pair.send(other, "ec"));
  EXPECT_EQ(pair.service.counts().handed_off, 1U);
}

TEST(Service, ConsumedIsToldInTimeForTheWindow) {
  ServicePair pair;
  const HandshakeId id = pair.open("n");
  std::uint64_t sent = 1;
  while (sent < 3 * kClientWindow) {
    const std::size_t window = pair.client.client_window(id);
    ASSERT_GT(window, 0U) << "the window closed for good after " << sent;
    const std::size_t part = std::min<std::size_t>(window, 10'000);
    ASSERT_TRUE(pair.send(id, std::string(part, 'n')));
    sent += part;
  }
}

TEST(Service, GoAwayFailsTheOpenThatCrossesIt) {
  ServicePair pair;
  const HandshakeId running = pair.open("e");
  pair.server_text();
  ASSERT_TRUE(pair.client.open({}));
  pair.service.go_away("restart");
  ASSERT_TRUE(pair.pump());
  pair.server_text();
  ASSERT_TRUE(pair.failed);
  EXPECT_EQ(pair.failed->body.reason, FailureReason::going_away);
  ASSERT_TRUE(pair.send(running, "c"));
  EXPECT_EQ(pair.service.counts().handed_off, 1U) << "a running handshake finishes";
}

TEST(Service, LosingTheLinkEndsEverything) {
  ServicePair pair;
  pair.open("e");
  pair.open("c");
  pair.service.lose_link(pair.now);
  EXPECT_EQ(pair.endpoint->alive, 0);
  EXPECT_EQ(pair.service.held(), 0U);
  EXPECT_EQ(pair.service.counts().link_lost, 2U);
  EXPECT_EQ(pair.log().back().kind, LogEventKind::link_lost);
}

TEST(Service, AProtocolErrorEndsEverything) {
  ServicePair pair;
  pair.open("e");
  EXPECT_FALSE(pair.service.receive(encoded({static_cast<HandshakeId>(99), Cancel{}}), pair.now));
  EXPECT_EQ(pair.service.held(), 0U);
  EXPECT_EQ(pair.endpoint->alive, 0);
  ASSERT_TRUE(pair.client.receive(take_output(pair.service)));
  EXPECT_TRUE(pair.client.closed());
}

TEST(Service, APeerThatReadsNothingEndsOnlyItsLink) {
  LinkLimits low;
  low.output_high_water = 2000;
  low.output_limit = 4000;
  ServicePair pair(low);
  for (int count = 0; count < 1000 && !pair.client.closed(); ++count) {
    if (!pair.client.open({{}, "https", {}, {}, Bytes(3, 'e')})) break;
    if (!pair.service.receive(take_output(pair.client), pair.now)) break;
  }
  EXPECT_TRUE(pair.service.link().closed());
  EXPECT_EQ(pair.service.held(), 0U);
  EXPECT_EQ(pair.endpoint->alive, 0);
  EXPECT_LT(pair.service.output().size(), 4200U);
}

TEST(Service, LinkNewsArePassedOn) {
  ServicePair pair;
  ASSERT_TRUE(pair.service.ping());
  pair.client.go_away("upgrade");
  ASSERT_TRUE(pair.pump());
  const auto hello = pair.service.next_news();
  ASSERT_TRUE(hello && std::holds_alternative<Hello>(*hello));
  EXPECT_EQ(std::get<Hello>(*hello).software, "app 1");
  int pongs = 0;
  int go_aways = 0;
  while (const auto news = pair.service.next_news()) {
    pongs += std::holds_alternative<Pong>(*news) ? 1 : 0;
    go_aways += std::holds_alternative<GoAway>(*news) ? 1 : 0;
  }
  EXPECT_EQ(pongs, 1);
  EXPECT_EQ(go_aways, 1);
}

// R9: thousands of handshakes that come to nothing.
TEST(Service, GarbageLeavesNothingBehind) {
  ServicePair pair;
  const std::string_view endings[] = {"f", "ef", "a", "r", "c", "n", "s", "t", ""};
  for (int count = 0; count < 5000; ++count) {
    const HandshakeId id = pair.open(endings[static_cast<std::size_t>(count) % std::size(endings)]);
    ASSERT_NE(id, HandshakeId::link);
    pair.server_text();
    pair.client.cancel(id, CancelReason::client_gone);
    ASSERT_TRUE(pair.pump());
    while (auto step = pair.service.take_pending()) pair.service.finish(*step, pair.now);
  }
  EXPECT_TRUE(pair.is_empty());
  EXPECT_EQ(pair.service.counts().opened, 5000U);
}

TEST(Service, EveryCutOfTheLinkGivesTheSame) {
  for (std::size_t cut = 1; cut < 80; ++cut) {
    ServicePair pair;
    OpenRequest request;
    request.first_bytes = {'e', 'n'};
    const auto id = pair.client.open(request);
    ASSERT_TRUE(id);
    ASSERT_TRUE(pair.pump(cut));
    ASSERT_TRUE(pair.client.client_bytes(*id, as_bytes("ecX")));
    ASSERT_TRUE(pair.pump(cut));
    EXPECT_EQ(pair.server_text(), "EEC");
    ASSERT_TRUE(pair.handoff);
    EXPECT_EQ(pair.handoff->body.consumed, 4U);
  }
}

}  // namespace
}  // namespace baton::offload::test
