// One client's handshake over several key stores that do what the test says.
#include "offload/client_offload.h"

#include <gtest/gtest.h>

#include <map>

#include "offload/sample_frames.h"

namespace baton::offload {
namespace {

using namespace std::chrono_literals;

// What a key store has been asked, and what it says.
struct FakeRemote {
  std::string received;
  std::deque<HandshakeEvent> events;
  std::optional<Outcome> outcome;
  std::optional<CancelReason> cancelled;
  std::chrono::milliseconds deadline{};
  bool overdue = false;
};

class FakeHandle final : public RemoteHandshake {
 public:
  explicit FakeHandle(std::shared_ptr<FakeRemote> remote) : remote_(std::move(remote)) {}
  ~FakeHandle() override {
    if (!remote_->outcome) remote_->cancelled = reason_;
  }
  std::size_t window() override { return kClientWindow - remote_->received.size(); }
  Result<void> send(ByteView bytes) override {
    remote_->received += as_text(bytes);
    return {};
  }
  std::optional<HandshakeEvent> next_event() override {
    if (remote_->events.empty()) return std::nullopt;
    HandshakeEvent event = std::move(remote_->events.front());
    remote_->events.pop_front();
    return event;
  }
  void report(const Outcome& outcome) override { remote_->outcome = outcome; }
  void set_cancel_reason(CancelReason reason) override { reason_ = reason; }
  void overdue() override { remote_->overdue = true; }

 private:
  std::shared_ptr<FakeRemote> remote_;
  CancelReason reason_ = CancelReason::client_gone;
};

class FakeStores final : public KeyStoreSet {
 public:
  Result<std::unique_ptr<RemoteHandshake>> open(KeyStoreIndex store, OpenRequest request,
                                                std::function<void()> /*on_news*/) override {
    if (gone.contains(store)) return fail(ErrorCode::io, "the link has ended");
    if (full.contains(store))
      return fail(ErrorCode::limit_exceeded, "link: too many handshakes are in flight");
    auto remote = std::make_shared<FakeRemote>();
    remote->received = as_text(request.first_bytes);
    remote->deadline = request.deadline;
    opened.push_back(store);
    remotes[store] = remote;
    return std::make_unique<FakeHandle>(remote);
  }

  std::map<KeyStoreIndex, bool> full, gone;
  std::vector<KeyStoreIndex> opened;
  std::map<KeyStoreIndex, std::shared_ptr<FakeRemote>> remotes;
};

Bytes record(std::uint8_t type, const Bytes& content) {
  Bytes bytes = {type, 3, 3, 0, static_cast<std::uint8_t>(content.size())};
  append(bytes, content);
  return bytes;
}

// A whole ClientHello as far as framing goes; `mark` tells two apart.
std::string client_hello(char mark) {
  return std::string(as_text(record(22, {1, 0, 0, 1, static_cast<std::uint8_t>(mark)})));
}

Bytes hello_retry_request(std::uint8_t mark = 0) {
  Bytes message = {2,    0,    0,    35,   3,    3,    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61,
                   0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16,
                   0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
  message.push_back(mark);
  return record(22, message);
}

class Offload : public testing::Test {
 protected:
  Offload() : picker_(std::array<unsigned, 3>{0, 1, 2}, 1) {  // tiers make the order certain
    for (const KeyStoreIndex store : {0, 1, 2}) picker_.set_usable(store, true);
  }

  void begin(std::string_view bytes) {
    offload_.emplace(OpenRequest{}, now_ + 10s, stores_, picker_, policy_, [] {});
    feed(bytes);
  }
  void feed(std::string_view bytes) {
    offload_->feed(as_bytes(bytes));
    EXPECT_FALSE(next());
  }
  std::optional<OffloadEvent> next() { return offload_->next(now_); }
  FakeRemote& at(KeyStoreIndex store) { return *stores_.remotes.at(store); }

  // The key store says something; what comes of it.
  std::optional<OffloadEvent> say(KeyStoreIndex store, HandshakeEvent event) {
    at(store).events.push_back(std::move(event));
    return next();
  }
  std::optional<OffloadEvent> lose(KeyStoreIndex store) {
    picker_.set_usable(store, false);
    return say(store, LinkLost{"killed"});
  }
  std::optional<OffloadEvent> refuse(KeyStoreIndex store, FailureReason reason) {
    Failed failed;
    failed.reason = reason;
    failed.text = "no";
    return say(store, std::move(failed));
  }

  // So many that hedging has a measure and a permission.
  void make_answers_usual(Microseconds latency) {
    for (int i = 0; i < 20; ++i) {
      picker_.answered(0, latency, now_);
      picker_.began(0);
      picker_.ended(0);
    }
  }

  static Handoff handoff(std::uint64_t consumed, Bytes server_bytes) {
    Handoff handoff;
    handoff.consumed = consumed;
    handoff.server_bytes = std::move(server_bytes);
    handoff.serialized = SecretBuffer(3);
    return handoff;
  }
  static Bytes bytes_of(const std::optional<OffloadEvent>& event) {
    if (const auto* bytes = event ? std::get_if<ServerBytes>(&*event) : nullptr) return bytes->bytes;
    if (const auto* body = event ? std::get_if<Handoff>(&*event) : nullptr) return body->server_bytes;
    ADD_FAILURE() << "no bytes";
    return {};
  }

  const std::string hello_ = client_hello('a');
  const std::string second_hello_ = client_hello('b');
  TimePoint now_{};
  OffloadPolicy policy_;
  KeyStorePicker picker_;
  FakeStores stores_;
  std::optional<ClientOffload> offload_;
};

TEST_F(Offload, HandsOverWhatTheHandshakeHasNotUsed) {
  begin(hello_ + "early bird");
  const auto event = say(0, handoff(hello_.size(), {1, 2, 3}));
  EXPECT_EQ(bytes_of(event), (Bytes{1, 2, 3}));
  EXPECT_EQ(as_text(offload_->take_unused()), "early bird");
  EXPECT_EQ(offload_->consumed(), hello_.size());
  EXPECT_EQ(offload_->key_store(), 0U);
  offload_->report({OutcomeKind::established, {}, {}});
  EXPECT_EQ(at(0).outcome->kind, OutcomeKind::established);
  EXPECT_FALSE(next());
}

TEST_F(Offload, BeginsAgainElsewhereWhenALinkIsLost) {
  begin(hello_.substr(0, 4));
  EXPECT_FALSE(lose(0));
  EXPECT_EQ(at(1).received, hello_.substr(0, 4));
  feed(hello_.substr(4));
  EXPECT_EQ(at(1).received, hello_);
  EXPECT_FALSE(lose(1));
  EXPECT_EQ(at(2).received, hello_);
  EXPECT_EQ(bytes_of(say(2, handoff(hello_.size(), {9}))), Bytes{9});
  EXPECT_EQ(offload_->take_failed_attempts().size(), 2U);
}

TEST_F(Offload, AsksNoMoreThanThree) {
  begin(hello_);
  EXPECT_FALSE(lose(0));
  EXPECT_FALSE(lose(1));
  picker_.set_usable(0, true);
  const auto event = lose(2);
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<LinkLost>(*event).reason, "killed");
  EXPECT_EQ(stores_.opened, (std::vector<KeyStoreIndex>{0, 1, 2}));
}

TEST_F(Offload, WaitsForALinkAndNotForever) {
  for (const KeyStoreIndex store : {0, 1, 2}) picker_.set_usable(store, false);
  begin(hello_);
  ASSERT_TRUE(offload_->next_deadline());
  now_ = *offload_->next_deadline();
  picker_.set_usable(2, true);
  EXPECT_FALSE(next());
  EXPECT_EQ(at(2).received, hello_);
  EXPECT_FALSE(lose(2));
  now_ += policy_.wait_for_link - 1ms;
  EXPECT_FALSE(next());
  now_ += 1ms;
  EXPECT_EQ(std::get<LinkLost>(*next()).reason, "killed");
}

TEST_F(Offload, SaysThatThereIsNoKeyStore) {
  for (const KeyStoreIndex store : {0, 1, 2}) picker_.set_usable(store, false);
  begin(hello_);
  now_ += policy_.wait_for_link;
  EXPECT_EQ(std::get<NoKeyStore>(*next()).reason, FailureReason::going_away);
}

TEST_F(Offload, FullLinksAreOverload) {
  for (const KeyStoreIndex store : {0, 1, 2}) stores_.full[store] = true;
  offload_.emplace(OpenRequest{}, now_ + 10s, stores_, picker_, policy_, [] {});
  offload_->feed(as_bytes(hello_));
  EXPECT_EQ(std::get<NoKeyStore>(*next()).reason, FailureReason::overloaded);
}

TEST_F(Offload, AsksAnotherAfterWhatMayDifferThere) {
  for (const auto reason : {FailureReason::overloaded, FailureReason::going_away, FailureReason::internal,
                            FailureReason::deadline}) {
    stores_.opened.clear();
    begin(hello_);
    EXPECT_FALSE(refuse(0, reason));
    EXPECT_EQ(stores_.opened.size(), 2U) << to_string(reason);
  }
}

TEST_F(Offload, AsksNoOtherAfterWhatIsTheClients) {
  for (const auto reason :
       {FailureReason::tls_alert_sent, FailureReason::tls_alert_received, FailureReason::name_refused,
        FailureReason::byte_budget, FailureReason::rate_limited}) {
    begin(hello_);
    EXPECT_EQ(std::get<Failed>(*refuse(0, reason)).reason, reason);
  }
  begin(hello_.substr(0, 4));
  EXPECT_TRUE(refuse(0, FailureReason::deadline)) << "a slow client is slow everywhere";
}

TEST_F(Offload, TellsTheLastRefusalAtOnce) {
  picker_.set_usable(1, false);
  picker_.set_usable(2, false);
  begin(hello_);
  EXPECT_EQ(std::get<Failed>(*refuse(0, FailureReason::overloaded)).reason, FailureReason::overloaded);
}

TEST_F(Offload, GivesUpAKeyStoreThatDoesNotAnswerInTime) {
  begin(hello_);
  EXPECT_EQ(at(0).deadline, 10s);
  ASSERT_EQ(offload_->next_deadline(), now_ + policy_.answer_timeout);
  now_ += policy_.answer_timeout;
  EXPECT_FALSE(next());
  EXPECT_TRUE(at(0).overdue);
  EXPECT_EQ(at(0).cancelled, CancelReason::timeout);
  EXPECT_EQ(at(1).received, hello_);
  EXPECT_EQ(at(1).deadline, 8s);
}

TEST_F(Offload, TheLastKeyStoreMayTakeItsTime) {
  picker_.set_usable(1, false);
  picker_.set_usable(2, false);
  begin(hello_);
  now_ += 5 * policy_.answer_timeout;
  EXPECT_FALSE(next());
  EXPECT_TRUE(at(0).overdue);
  EXPECT_GT(*offload_->next_deadline(), now_);
  EXPECT_EQ(bytes_of(say(0, handoff(hello_.size(), {9}))), Bytes{9});
}

TEST_F(Offload, AClientThatIsSlowIsNoFaultOfTheKeyStore) {
  begin(hello_.substr(0, hello_.size() - 1));
  EXPECT_FALSE(offload_->next_deadline());
  now_ += 1h;
  EXPECT_FALSE(next());
  EXPECT_FALSE(at(0).overdue);
  EXPECT_EQ(stores_.opened.size(), 1U);
}

TEST_F(Offload, BehindTheServersFlightNothingBeginsAgain) {
  begin(hello_);
  EXPECT_EQ(bytes_of(say(0, ServerBytes{hello_.size(), record(22, {2, 0, 0, 0})})).size(), 9U);
  EXPECT_FALSE(offload_->client_takes_plaintext());
  EXPECT_FALSE(offload_->next_deadline());
  EXPECT_TRUE(std::holds_alternative<LinkLost>(*lose(0)));
  EXPECT_EQ(stores_.opened.size(), 1U);
}

TEST_F(Offload, BehindAHelloRetryRequestAnotherOneGoesOn) {
  begin(hello_);
  EXPECT_EQ(bytes_of(say(0, ServerBytes{hello_.size(), hello_retry_request()})), hello_retry_request());
  EXPECT_TRUE(offload_->client_takes_plaintext());
  feed(second_hello_);
  EXPECT_FALSE(lose(0));
  EXPECT_EQ(at(1).received, hello_ + second_hello_);
  // In any cutting.
  Bytes again = hello_retry_request();
  const Bytes rest(again.begin() + 20, again.end());
  again.resize(20);
  EXPECT_FALSE(say(1, ServerBytes{0, again}));
  Bytes answer = rest;
  append(answer, Bytes{7, 8});
  const auto event = say(1, handoff(hello_.size() + second_hello_.size(), answer));
  EXPECT_EQ(bytes_of(event), (Bytes{7, 8}));
  EXPECT_TRUE(offload_->take_unused().empty());
}

TEST_F(Offload, TheSecondAnswerIsWaitedForToo) {
  begin(hello_);
  say(0, ServerBytes{hello_.size(), hello_retry_request()});
  EXPECT_FALSE(offload_->next_deadline()) << "it is the client's turn";
  feed(second_hello_);
  now_ += policy_.answer_timeout;
  EXPECT_FALSE(next());
  EXPECT_EQ(at(1).received, hello_ + second_hello_);
}

TEST_F(Offload, AnotherHelloRetryRequestIsNoContinuation) {
  begin(hello_);
  say(0, ServerBytes{hello_.size(), hello_retry_request(0)});
  EXPECT_FALSE(lose(0));
  EXPECT_FALSE(say(1, ServerBytes{hello_.size(), hello_retry_request(1)}));
  EXPECT_TRUE(at(1).cancelled);
  EXPECT_FALSE(say(2, ServerBytes{hello_.size(), hello_retry_request(0)})) << "the client has it";
  feed(second_hello_);
  EXPECT_EQ(at(2).received, hello_ + second_hello_);
}

TEST_F(Offload, AHandoffThatRepeatsTooLittleIsNoContinuation) {
  begin(hello_);
  say(0, ServerBytes{hello_.size(), hello_retry_request()});
  EXPECT_FALSE(lose(0));
  EXPECT_FALSE(say(1, handoff(hello_.size(), {})));
  EXPECT_TRUE(at(1).cancelled);
}

// The second flight may come with a late handoff, whose bytes have nothing to do with the HelloRetryRequest.
TEST_F(Offload, ALateHandoffBehindAHelloRetryRequest) {
  begin(hello_);
  say(0, ServerBytes{hello_.size(), hello_retry_request()});
  feed(second_hello_);
  const std::size_t consumed = hello_.size() + second_hello_.size();
  EXPECT_EQ(bytes_of(say(0, ServerBytes{consumed, record(22, {2, 0, 0, 0})})).size(), 9U);
  EXPECT_EQ(bytes_of(say(0, ServerBytes{consumed, Bytes(100, 5)})).size(), 100U);
  EXPECT_FALSE(offload_->client_takes_plaintext());
  EXPECT_EQ(bytes_of(say(0, handoff(consumed, Bytes(200, 6)))), Bytes(200, 6));
}

TEST_F(Offload, ARefusalBehindAHelloRetryRequestIsAnAlertInPlaintext) {
  begin(hello_);
  say(0, ServerBytes{hello_.size(), hello_retry_request()});
  EXPECT_FALSE(lose(0));
  Failed failed;
  failed.reason = FailureReason::name_refused;
  failed.alert = tls::Alert::unrecognized_name;
  failed.server_bytes = record(21, {2, 112});
  EXPECT_EQ(std::get<Failed>(*say(1, failed)).server_bytes,
            tls::plaintext_alert(tls::Alert::unrecognized_name));
}

TEST_F(Offload, TheBytesOfARefusalThatIsTriedElsewhereAreDropped) {
  policy_.max_attempts = 1;
  begin(hello_);
  Failed failed;
  failed.reason = FailureReason::internal;
  failed.server_bytes = record(22, {2, 0, 0, 0});
  EXPECT_TRUE(std::get<Failed>(*say(0, failed)).server_bytes.empty());
}

// Whatever was owed before is not waited for any more: another key store would get the middle of the stream.
TEST_F(Offload, WhatGrowsTooLargeToBeginAgainBeginsNowhereElse) {
  policy_.hedge = true;
  make_answers_usual(5ms);
  // Four records of 15,000 bytes, one message.
  Bytes stream;
  for (int i = 0; i < 4; ++i) {
    Bytes content(15'000, 7);
    if (i == 0) {
      const Bytes header = {1, 0, 0xea, 0x5c};  // 59,996 bytes
      std::copy(header.begin(), header.end(), content.begin());
    }
    append(stream, Bytes{22, 3, 3, 0x3a, 0x98});
    append(stream, content);
  }
  begin(as_text(stream));
  EXPECT_FALSE(say(0, ServerBytes{49'152, {}}));
  ASSERT_TRUE(offload_->next_deadline());
  feed(std::string(6'000, 'x'));
  EXPECT_FALSE(offload_->next_deadline());
  now_ += 1h;
  EXPECT_FALSE(next());
  EXPECT_EQ(stores_.opened.size(), 1U);
  EXPECT_EQ(bytes_of(say(0, handoff(stream.size(), {9}))), Bytes{9});
  EXPECT_EQ(as_text(offload_->take_unused()), std::string(6'000, 'x'));
}

TEST_F(Offload, AKeyStoreThatIsBrokenIsEjectedOnceAnotherOneAnswers) {
  for (int i = 0; i < 5; ++i) {
    begin(hello_);
    EXPECT_FALSE(refuse(0, FailureReason::internal));
    EXPECT_TRUE(say(1, handoff(hello_.size(), {9})));
  }
  begin(hello_);
  EXPECT_EQ(stores_.opened.back(), 1U);
}

TEST_F(Offload, AClientThatBreaksThemAllEjectsNone) {
  for (int i = 0; i < 20; ++i) {
    begin(hello_);
    for (const KeyStoreIndex store : {0, 1, 2}) refuse(store, FailureReason::internal);
    begin(hello_);
    EXPECT_EQ(stores_.opened.back(), 0U);
  }
}

TEST_F(Offload, AFailureIsNoQuickAnswer) {
  picker_.pinged(0, 100us);
  for (int i = 0; i < 4; ++i) {
    begin(hello_);
    refuse(0, FailureReason::overloaded);
  }
  begin(hello_);
  refuse(0, FailureReason::tls_alert_sent);
  begin(hello_);
  refuse(0, FailureReason::overloaded);
  begin(hello_);
  EXPECT_EQ(stores_.opened.back(), 1U)
      << "five failures in a row eject, whatever refusals stand between them";
}

TEST_F(Offload, OneThatIsAlwaysGoingAwayIsLeftOut) {
  begin(hello_);
  EXPECT_FALSE(refuse(0, FailureReason::going_away));
  EXPECT_FALSE(refuse(0, FailureReason::going_away));
  EXPECT_EQ(stores_.opened, (std::vector<KeyStoreIndex>{0, 0, 1}));
}

TEST_F(Offload, WhatFloodsItDoesNotMultiply) {
  int asked_again = 0;
  for (int i = 0; i < 3000; ++i) {
    stores_.opened.clear();
    begin(hello_);
    refuse(0, FailureReason::internal);
    asked_again += stores_.opened.size() > 1 ? 1 : 0;
  }
  EXPECT_GE(asked_again, 1000);
  EXPECT_LE(asked_again, 2000);
  begin(hello_);
  EXPECT_FALSE(lose(0)) << "lost links need no permission";
  EXPECT_EQ(at(1).received, hello_);
}

TEST_F(Offload, ASuccessorThatIsFullDoesNotEndAnything) {
  begin(hello_);
  stores_.full[1] = stores_.full[2] = true;
  now_ += policy_.answer_timeout;
  EXPECT_FALSE(next());
  EXPECT_FALSE(at(0).cancelled);
  EXPECT_EQ(bytes_of(say(0, handoff(hello_.size(), {9}))), Bytes{9});
}

TEST_F(Offload, ALinkThatHasJustEndedIsWaitedFor) {
  picker_.set_usable(1, false);
  picker_.set_usable(2, false);
  stores_.gone[0] = true;
  begin(hello_);
  stores_.gone.clear();
  ASSERT_TRUE(offload_->next_deadline());
  now_ = *offload_->next_deadline();
  EXPECT_FALSE(next());
  EXPECT_EQ(at(0).received, hello_);
}

TEST_F(Offload, AHugeClientHelloGoesOnWithoutASecondChance) {
  Bytes message = {1, 1, 0xf0, 0};  // 126,976 bytes
  message.resize(4 + 0x1f000);
  std::string hello;
  for (std::size_t at = 0; at < message.size(); at += 200) {
    const auto end = std::min(at + 200, message.size());
    hello += as_text(record(22, Bytes(message.begin() + static_cast<std::ptrdiff_t>(at),
                                      message.begin() + static_cast<std::ptrdiff_t>(end))));
  }
  begin(hello.substr(0, 4'000));
  feed(hello.substr(4'000, 66'000));
  EXPECT_FALSE(say(0, ServerBytes{69'000, {}}));
  EXPECT_GT(offload_->room(), 100'000U) << "what is used makes room";
  feed(hello.substr(70'000));
  EXPECT_EQ(at(0).received, hello);
  EXPECT_TRUE(offload_->client_takes_plaintext());
  say(0, ServerBytes{hello.size(), record(22, {2, 0, 0, 0})});
  EXPECT_FALSE(offload_->client_takes_plaintext()) << "its keys are the key store's now";
  EXPECT_TRUE(lose(0));
}

TEST_F(Offload, WithoutALinkHedgingDoesNotSpin) {
  policy_.hedge = true;
  make_answers_usual(5ms);
  begin(hello_);
  picker_.set_usable(1, false);
  picker_.set_usable(2, false);
  EXPECT_FALSE(lose(0));
  now_ += 6ms;
  EXPECT_FALSE(next());
  ASSERT_TRUE(offload_->next_deadline());
  EXPECT_GT(*offload_->next_deadline(), now_);
}

TEST_F(Offload, HedgesAfterTheUsualTimeAndCancelsTheSlowerOne) {
  policy_.hedge = true;
  make_answers_usual(5ms);
  begin(hello_);
  ASSERT_EQ(offload_->next_deadline(), now_ + 5ms);
  now_ += 5ms;
  EXPECT_FALSE(next());
  ASSERT_EQ(stores_.opened, (std::vector<KeyStoreIndex>{0, 1}));
  EXPECT_TRUE(offload_->hedged());
  EXPECT_EQ(bytes_of(say(1, handoff(hello_.size(), {9}))), Bytes{9});
  EXPECT_EQ(at(0).cancelled, CancelReason::answered_elsewhere);
  EXPECT_FALSE(at(1).cancelled);
  EXPECT_EQ(offload_->key_store(), 1U);
}

TEST_F(Offload, OneOfTwoThatAreAskedMayDie) {
  policy_.hedge = true;
  make_answers_usual(5ms);
  begin(hello_);
  now_ += 5ms;
  EXPECT_FALSE(next());
  EXPECT_FALSE(lose(1));
  EXPECT_EQ(stores_.opened.size(), 2U) << "the first one is still there";
  EXPECT_EQ(bytes_of(say(0, handoff(hello_.size(), {9}))), Bytes{9});
}

TEST_F(Offload, DoesNotHedgeUnlessTold) {
  make_answers_usual(5ms);
  begin(hello_);
  EXPECT_EQ(offload_->next_deadline(), now_ + policy_.answer_timeout);
}

TEST(ClientHellos, AreCountedInAnyCutting) {
  Bytes stream = record(22, {1, 0, 0, 2, 5});  // a message over two records
  append(stream, record(22, {6, 1, 0}));
  append(stream, record(20, {1}));
  append(stream, record(22, {0, 1, 7}));
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    ClientHelloCounter counter;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      counter.feed(ByteView(stream).subspan(at, std::min(step, stream.size() - at)));
    }
    EXPECT_EQ(counter.whole(), 2U) << step;
  }
}

TEST(ClientHellos, EarlyDataMayStandBetweenTwo) {
  ClientHelloCounter counter;
  for (int i = 0; i < 3; ++i) {
    counter.feed(record(22, {1, 0, 0, 0}));
    counter.feed(record(23, {1, 2, 3}));
  }
  EXPECT_EQ(counter.whole(), 2U);
}

TEST(ClientHellos, NothingCountsBehindAnythingElse) {
  for (const Bytes& other :
       {record(22, {16, 0, 0, 0}), record(23, {0}), record(21, {2, 40}), Bytes{0x80, 1}}) {
    ClientHelloCounter counter;
    counter.feed(other);
    counter.feed(record(22, {1, 0, 0, 0}));
    EXPECT_EQ(counter.whole(), 0U);
  }
}

}  // namespace
}  // namespace baton::offload
