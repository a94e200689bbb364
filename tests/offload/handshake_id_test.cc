// The life of a handshake id: the two tables of docs/link-protocol.md, cell by cell.

#include <gtest/gtest.h>

#include <functional>

#include "offload/link_pair.h"

namespace baton::offload::test {
namespace {

enum class State { unused, running, handed_off, signing, ended };

// A pair whose handshake is in that state on both ends.
struct Prepared : LinkPair {
  explicit Prepared(State state) {
    connect();
    if (state == State::unused) {
      id = static_cast<HandshakeId>(1);
      return;
    }
    if (state == State::signing) {
      id = *client.sign(sample_sign());
      pump();
      take_events(server);
      return;
    }
    id = open(some_bytes(100));
    if (state == State::running) return;
    static_cast<void>(server.handoff(id, {10, {}, some_secret(97)}));
    pump();
    if (state == State::ended) static_cast<void>(client.report(id, {}));
    pump();
    take_events(client);
    take_events(server);
  }
  HandshakeId id = HandshakeId::link;
};

// What became of a frame that was given to one end.
struct Verdict {
  std::optional<LinkErrorCode> error;
  std::size_t events = 0;
  bool in_flight = false;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

void PrintTo(const Verdict& verdict, std::ostream* out) {
  *out << (verdict.error ? to_string(*verdict.error) : "accepted") << ", " << verdict.events << " events, "
       << (verdict.in_flight ? "in flight" : "ended");
}

template <class End>
Verdict give(End& end, HandshakeId id, FrameBody body) {
  const bool received = inject(end, id, std::move(body)).has_value();
  Verdict verdict;
  if (!received) verdict.error = link_error_of(end);
  verdict.events = take_events(end).size();
  verdict.in_flight = end.in_flight() != 0;
  return verdict;
}

const Verdict kTaken{std::nullopt, 1, true};
const Verdict kEnds{std::nullopt, 1, false};
const Verdict kIgnored{std::nullopt, 0, false};
const Verdict kIgnoredInFlight{std::nullopt, 0, true};
const Verdict kNeverOpened{LinkErrorCode::unknown_handshake, 0, false};
const Verdict kReused{LinkErrorCode::unknown_handshake, 0, true};
const Verdict kUnexpected{LinkErrorCode::unexpected_frame, 0, true};

TEST(HandshakeId, WhatAKeyStoreAccepts) {
  const auto verdict = [](State state, FrameBody body) {
    Prepared pair(state);
    return give(pair.server, pair.id, std::move(body));
  };
  EXPECT_EQ(verdict(State::unused, sample_open()), kTaken);
  EXPECT_EQ(verdict(State::running, sample_open()), kReused);
  EXPECT_EQ(verdict(State::handed_off, sample_open()), kReused);
  EXPECT_EQ(verdict(State::signing, sample_open()), kReused);
  EXPECT_EQ(verdict(State::ended, sample_open()), kNeverOpened);

  const ClientBytes bytes{some_bytes(3)};
  EXPECT_EQ(verdict(State::unused, bytes), kNeverOpened);
  EXPECT_EQ(verdict(State::running, bytes), kTaken);
  EXPECT_EQ(verdict(State::handed_off, bytes), kIgnoredInFlight);
  EXPECT_EQ(verdict(State::signing, bytes), kUnexpected);
  EXPECT_EQ(verdict(State::ended, bytes), kIgnored);

  EXPECT_EQ(verdict(State::unused, Cancel{}), kNeverOpened);
  EXPECT_EQ(verdict(State::running, Cancel{}), kEnds);
  EXPECT_EQ(verdict(State::handed_off, Cancel{}), kEnds);
  EXPECT_EQ(verdict(State::signing, Cancel{}), kEnds);
  EXPECT_EQ(verdict(State::ended, Cancel{}), kIgnored);

  EXPECT_EQ(verdict(State::unused, Outcome{}), kNeverOpened);
  EXPECT_EQ(verdict(State::running, Outcome{}), kUnexpected);
  EXPECT_EQ(verdict(State::handed_off, Outcome{}), kEnds);
  EXPECT_EQ(verdict(State::signing, Outcome{}), kUnexpected);
  EXPECT_EQ(verdict(State::ended, Outcome{}), kIgnored);

  EXPECT_EQ(verdict(State::unused, sample_sign()), kTaken);
  EXPECT_EQ(verdict(State::running, sample_sign()), kReused);
  EXPECT_EQ(verdict(State::handed_off, sample_sign()), kReused);
  EXPECT_EQ(verdict(State::signing, sample_sign()), kReused);
  EXPECT_EQ(verdict(State::ended, sample_sign()), kNeverOpened);
}

TEST(HandshakeId, WhatAnApplicationServerAccepts) {
  const auto verdict = [](State state, FrameBody body) {
    Prepared pair(state);
    return give(pair.client, pair.id, std::move(body));
  };
  const ServerBytes bytes{10, some_bytes(3)};
  EXPECT_EQ(verdict(State::unused, bytes), kNeverOpened);
  EXPECT_EQ(verdict(State::running, bytes), kTaken);
  EXPECT_EQ(verdict(State::handed_off, bytes), kUnexpected);
  EXPECT_EQ(verdict(State::signing, bytes), kUnexpected);
  EXPECT_EQ(verdict(State::ended, bytes), kIgnored);

  const Handoff handoff{10, {}, some_secret(97)};
  EXPECT_EQ(verdict(State::unused, handoff), kNeverOpened);
  EXPECT_EQ(verdict(State::running, handoff), kTaken);
  EXPECT_EQ(verdict(State::handed_off, handoff), kUnexpected);
  EXPECT_EQ(verdict(State::signing, handoff), kUnexpected);
  EXPECT_EQ(verdict(State::ended, handoff), kIgnored);

  Failed failed;
  failed.consumed = 10;
  EXPECT_EQ(verdict(State::unused, failed), kNeverOpened);
  EXPECT_EQ(verdict(State::running, failed), kEnds);
  EXPECT_EQ(verdict(State::handed_off, failed), kUnexpected);
  EXPECT_EQ(verdict(State::signing, failed), kUnexpected);
  EXPECT_EQ(verdict(State::ended, failed), kIgnored);

  for (const FrameBody& answer : {FrameBody(Signature{some_bytes(70)}), FrameBody(SignRefused{})}) {
    EXPECT_EQ(verdict(State::unused, answer), kNeverOpened);
    EXPECT_EQ(verdict(State::running, answer), kUnexpected);
    EXPECT_EQ(verdict(State::handed_off, answer), kUnexpected);
    EXPECT_EQ(verdict(State::signing, answer), kEnds);
    EXPECT_EQ(verdict(State::ended, answer), kIgnored);
  }
}

TEST(HandshakeId, FramesOfTheOtherDirectionAreErrors) {
  for (FrameBody body :
       {FrameBody(ServerBytes{}), FrameBody(Handoff{0, {}, some_secret(9)}), FrameBody(Failed{}),
        FrameBody(Signature{some_bytes(70)}), FrameBody(SignRefused{})}) {
    Prepared pair(State::running);
    EXPECT_EQ(give(pair.server, pair.id, body), kUnexpected);
  }
  for (FrameBody body : {FrameBody(sample_open()), FrameBody(ClientBytes{{1}}), FrameBody(Cancel{}),
                         FrameBody(Outcome{}), FrameBody(sample_sign())}) {
    Prepared pair(State::running);
    EXPECT_EQ(give(pair.client, pair.id, body), kUnexpected);
  }
}

TEST(HandshakeId, IdsOnlyGrowAndMaySkip) {
  Prepared pair(State::unused);
  EXPECT_EQ(give(pair.server, static_cast<HandshakeId>(50), sample_open()), kTaken);
  EXPECT_EQ(give(pair.server, static_cast<HandshakeId>(20), Cancel{}), kIgnoredInFlight);
  EXPECT_EQ(give(pair.server, static_cast<HandshakeId>(20), sample_open()), kReused);
}

TEST(HandshakeId, ClientNeverUsesOneTwice) {
  LinkPair pair;
  pair.connect();
  HandshakeId last = HandshakeId::link;
  for (int count = 0; count < 100; ++count) {
    const HandshakeId id = pair.open();
    EXPECT_GT(id, last);
    last = id;
    pair.client.cancel(id, CancelReason::client_gone);
  }
}

TEST(HandshakeId, CancelCrossesHandoff) {
  Prepared pair(State::running);
  ASSERT_TRUE(pair.server.handoff(pair.id, {10, {}, some_secret(97)}));
  pair.client.cancel(pair.id, CancelReason::client_gone);
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(take_events(pair.client).empty());
  const auto cancelled = only_event<Received<Cancel>>(pair.server);
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->body.reason, CancelReason::client_gone);
  EXPECT_EQ(pair.client.in_flight() + pair.server.in_flight(), 0U);
}

TEST(HandshakeId, CancelCrossesFailed) {
  Prepared pair(State::running);
  ASSERT_TRUE(pair.server.fail_handshake(pair.id, {}));
  pair.client.cancel(pair.id, CancelReason::timeout);
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(take_events(pair.client).empty());
  EXPECT_TRUE(take_events(pair.server).empty());
}

TEST(HandshakeId, CancelDropsEventsThatWait) {
  Prepared pair(State::running);
  ASSERT_TRUE(pair.server.handoff(pair.id, {10, {}, some_secret(97)}));
  ASSERT_TRUE(pair.client.receive(take_output(pair.server)));
  pair.client.cancel(pair.id, CancelReason::client_gone);
  EXPECT_FALSE(pair.client.next_event());
}

TEST(HandshakeId, CallsOutsideTheirStateAreRefused) {
  Prepared running(State::running);
  EXPECT_FALSE(running.client.report(running.id, {})) << "it was not handed off";
  Prepared handed_off(State::handed_off);
  EXPECT_FALSE(handed_off.client.client_bytes(handed_off.id, some_bytes(1)));
  EXPECT_FALSE(handed_off.server.server_bytes(handed_off.id, 10, {}));
  EXPECT_FALSE(handed_off.server.handoff(handed_off.id, {10, {}, some_secret(97)}))
      << "handed over twice (R1)";
  EXPECT_FALSE(handed_off.server.fail_handshake(handed_off.id, {}));
  Prepared ended(State::ended);
  EXPECT_FALSE(ended.client.report(ended.id, {}));
  ended.client.cancel(ended.id, CancelReason::client_gone);
  EXPECT_TRUE(ended.client.output().empty());
}

TEST(HandshakeId, CancelCrossesTheSignature) {
  Prepared pair(State::signing);
  ASSERT_TRUE(pair.server.signature(pair.id, some_bytes(70)));
  pair.client.cancel(pair.id, CancelReason::client_gone);
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(take_events(pair.client).empty());
  EXPECT_TRUE(take_events(pair.server).empty());
  EXPECT_EQ(pair.client.in_flight() + pair.server.in_flight(), 0U);
  EXPECT_FALSE(pair.server.signature(pair.id, some_bytes(70))) << "answered twice";
  EXPECT_FALSE(pair.server.refuse_signature(pair.id, SigningRefusal::internal, "")) << "answered twice";
}

TEST(HandshakeId, ConsumedOnlyGrowsWithinWhatWasSent) {
  const auto code = [](std::uint64_t first, std::uint64_t second) {
    Prepared pair(State::running);  // 100 bytes were sent
    if (!inject(pair.client, pair.id, ServerBytes{first, {}})) return link_error_of(pair.client);
    if (!inject(pair.client, pair.id, Handoff{second, {}, some_secret(97)}))
      return link_error_of(pair.client);
    return std::optional<LinkErrorCode>();
  };
  EXPECT_EQ(code(0, 100), std::nullopt);
  EXPECT_EQ(code(50, 50), std::nullopt);
  EXPECT_EQ(code(101, 101), LinkErrorCode::bad_count);
  EXPECT_EQ(code(50, 49), LinkErrorCode::bad_count);
  EXPECT_EQ(code(100, UINT64_MAX), LinkErrorCode::bad_count);
}

TEST(HandshakeId, AForgottenHandshakeIgnoresItsLateOutcome) {
  Prepared pair(State::handed_off);
  pair.server.forget(pair.id);
  ASSERT_TRUE(pair.client.report(pair.id, {}));
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(take_events(pair.server).empty());
}

}  // namespace
}  // namespace baton::offload::test
