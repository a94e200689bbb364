// One signature over several key stores that do what the test says.
#include "offload/signature_offload.h"

#include <gtest/gtest.h>

#include <map>

#include "offload/sample_frames.h"

namespace baton::offload {
namespace {

using namespace std::chrono_literals;
using enum SigningRefusal;

struct FakeAwaited {
  Sign request;
  std::optional<SignatureAnswer> answer;
  std::optional<CancelReason> cancelled;
  bool overdue = false;
};

class FakeHandle final : public AwaitedSignature {
 public:
  explicit FakeHandle(std::shared_ptr<FakeAwaited> awaited) : awaited_(std::move(awaited)) {}
  ~FakeHandle() override {
    if (!awaited_->answer) awaited_->cancelled = reason_;
  }
  const std::optional<SignatureAnswer>& answer() const override { return awaited_->answer; }
  void set_cancel_reason(CancelReason reason) override { reason_ = reason; }
  void overdue() override { awaited_->overdue = true; }

 private:
  std::shared_ptr<FakeAwaited> awaited_;
  CancelReason reason_ = CancelReason::client_gone;
};

class FakeStores final : public SigningKeyStoreSet {
 public:
  Result<std::unique_ptr<AwaitedSignature>> sign(KeyStoreIndex store, Sign request,
                                                 std::function<void()> /*on_news*/) override {
    if (errors.contains(store)) return fail(errors[store], "it says no");
    asked.push_back(store);
    awaited[store] = std::make_shared<FakeAwaited>();
    awaited[store]->request = std::move(request);
    return std::make_unique<FakeHandle>(awaited[store]);
  }

  std::optional<std::string> away() const override { return why_away; }

  std::optional<std::string> why_away;
  std::map<KeyStoreIndex, ErrorCode> errors;
  std::vector<KeyStoreIndex> asked;
  std::map<KeyStoreIndex, std::shared_ptr<FakeAwaited>> awaited;
};

class SignatureOffloadTest : public testing::Test {
 protected:
  SignatureOffloadTest() : picker_(std::array<unsigned, 3>{0, 1, 2}, 1) {  // tiers make the order certain
    for (const KeyStoreIndex store : {0, 1, 2}) picker_.set_usable(store, true);
  }

  void begin() {
    offload_.emplace(test::sample_sign(), now_ + 10s, stores_, picker_, policy_, [] {});
    EXPECT_FALSE(next());
  }
  std::optional<SignatureOffload::Answer> next() { return offload_->next(now_); }
  std::optional<SignatureOffload::Answer> say(KeyStoreIndex store, SignatureAnswer answer) {
    stores_.awaited.at(store)->answer = std::move(answer);
    return next();
  }
  std::optional<SignatureOffload::Answer> refuse(KeyStoreIndex store, SigningRefusal reason) {
    return say(store, SignRefused{reason, "no"});
  }
  void expect_signed_by(KeyStoreIndex store) {
    const auto answer = say(store, Signature{test::some_bytes(70)});
    ASSERT_TRUE(answer && *answer);
    EXPECT_EQ(**answer, test::some_bytes(70));
    EXPECT_EQ(offload_->key_store(), store);
    EXPECT_FALSE(next()) << "it is told once";
    EXPECT_FALSE(offload_->next_deadline());
  }

  TimePoint now_ = TimePoint{} + 1h;
  FakeStores stores_;
  KeyStorePicker picker_;
  OffloadPolicy policy_;
  std::optional<SignatureOffload> offload_;
};

TEST_F(SignatureOffloadTest, TheNearestKeyStoreIsAsked) {
  begin();
  EXPECT_EQ(stores_.asked, (std::vector<KeyStoreIndex>{0}));
  EXPECT_EQ(stores_.awaited[0]->request.deadline_ms, 10'000U);
  EXPECT_EQ(stores_.awaited[0]->request.input, test::sample_sign().input);
  expect_signed_by(0);
}

TEST_F(SignatureOffloadTest, WhatIsAboutTheKeyStoreIsAskedElsewhere) {
  for (const SigningRefusal reason : {overloaded, deadline, going_away, internal}) {
    begin();
    EXPECT_FALSE(refuse(0, reason)) << to_string(reason);
    expect_signed_by(1);
    EXPECT_EQ(offload_->take_failed_attempts().size(), 1U);
  }
}

TEST_F(SignatureOffloadTest, WhatIsAboutTheRequestIsFinal) {
  for (const SigningRefusal reason :
       {key_refused, kind_refused, input_refused, scheme_refused, rate_limited, SigningRefusal{77}}) {
    stores_.asked.clear();
    begin();
    const auto answer = refuse(0, reason);
    ASSERT_TRUE(answer && !*answer) << to_string(reason);
    EXPECT_EQ(answer->error().reason, reason);
    EXPECT_EQ(stores_.asked.size(), 1U);
  }
}

TEST_F(SignatureOffloadTest, ALostLinkIsAskedElsewhere) {
  begin();
  picker_.set_usable(0, false);
  EXPECT_FALSE(say(0, LinkLost{"killed"}));
  expect_signed_by(1);
}

TEST_F(SignatureOffloadTest, NoAnswerInTimeIsAskedElsewhere) {
  begin();
  now_ = *offload_->next_deadline();
  EXPECT_FALSE(next());
  EXPECT_TRUE(stores_.awaited[0]->overdue);
  EXPECT_EQ(stores_.awaited[0]->cancelled, CancelReason::timeout);
  EXPECT_EQ(stores_.awaited[1]->request.deadline_ms, 8'000U);
  expect_signed_by(1);
}

TEST_F(SignatureOffloadTest, TheLastOneKeepsItsChance) {
  picker_.set_usable(1, false);
  picker_.set_usable(2, false);
  begin();
  now_ = *offload_->next_deadline();
  EXPECT_FALSE(next());
  EXPECT_TRUE(stores_.awaited[0]->overdue);
  EXPECT_FALSE(stores_.awaited[0]->cancelled);
  expect_signed_by(0);
}

TEST_F(SignatureOffloadTest, ThreeAtTheMost) {
  begin();
  EXPECT_FALSE(refuse(0, internal));
  EXPECT_FALSE(refuse(1, internal));
  const auto answer = refuse(2, internal);
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().reason, internal);
}

TEST_F(SignatureOffloadTest, AFullLinkAndOneThatDoesNotSignArePassedOver) {
  stores_.errors = {{0, ErrorCode::limit_exceeded}, {1, ErrorCode::refused}};
  begin();
  EXPECT_EQ(stores_.asked, (std::vector<KeyStoreIndex>{2}));
  expect_signed_by(2);
}

TEST_F(SignatureOffloadTest, WithoutALinkItWaitsForOne) {
  for (const KeyStoreIndex store : {0, 1, 2}) picker_.set_usable(store, false);
  begin();
  ASSERT_TRUE(offload_->next_deadline());
  now_ = *offload_->next_deadline();
  picker_.set_usable(2, true);
  EXPECT_FALSE(next());
  expect_signed_by(2);
}

TEST_F(SignatureOffloadTest, WithoutALinkItEnds) {
  for (const KeyStoreIndex store : {0, 1, 2}) picker_.set_usable(store, false);
  begin();
  now_ += policy_.wait_for_link;
  const auto answer = next();
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().reason, link_lost);
}

TEST_F(SignatureOffloadTest, WhoCannotWaitEndsAtOnceWhileAllAreAway) {
  for (const KeyStoreIndex store : {0, 1, 2}) picker_.set_usable(store, false);
  policy_.wait_while_away = false;
  begin();  // they are being reached for the first time
  stores_.why_away = "connection refused";
  const auto answer = next();
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().reason, link_lost);
  EXPECT_EQ(answer->error().text, "no key store can be reached: connection refused");
}

TEST_F(SignatureOffloadTest, WhoLeavesCancels) {
  begin();
  offload_->set_cancel_reason(CancelReason::shutting_down);
  offload_.reset();
  EXPECT_EQ(stores_.awaited[0]->cancelled, CancelReason::shutting_down);
}

}  // namespace
}  // namespace baton::offload
