#include "offload/key_store_picker.h"

#include <gtest/gtest.h>

namespace baton::offload {
namespace {

using namespace std::chrono_literals;

class Picker : public testing::Test {
 protected:
  static constexpr std::array<unsigned, 3> kNear{0, 0, 0};
  static constexpr std::array<unsigned, 3> kTiers{0, 0, 1};

  explicit Picker(std::span<const unsigned> tiers = kNear) { use(tiers); }

  void use(std::span<const unsigned> tiers) {
    picker_.emplace(tiers, 1);
    for (KeyStoreIndex i = 0; i < tiers.size(); ++i) picker_->set_usable(i, true);
    picker_->set_on_ejection([this](KeyStoreIndex store, std::chrono::milliseconds time) {
      ejections_.emplace_back(store, time);
    });
  }

  // How often each is picked.
  std::array<int, 3> picked(std::vector<KeyStoreIndex> excluded = {}) {
    std::array<int, 3> counts{};
    for (int i = 0; i < 300; ++i) {
      if (const auto store = picker_->pick(excluded, now_)) ++counts.at(*store);
    }
    return counts;
  }

  void fail(KeyStoreIndex store, int times) {
    for (int i = 0; i < times; ++i) picker_->failed(store, now_);
  }

  std::optional<KeyStorePicker> picker_;
  TimePoint now_{};
  std::vector<std::pair<KeyStoreIndex, std::chrono::milliseconds>> ejections_;
};

TEST_F(Picker, SpreadsOverEqualKeyStores) {
  const auto counts = picked();
  for (const int count : counts) EXPECT_GT(count, 50);
}

TEST_F(Picker, GivesOnlyUsableOnesThatAreNotExcluded) {
  picker_->set_usable(1, false);
  EXPECT_EQ(picked({0}), (std::array{0, 0, 300}));
  picker_->set_usable(2, false);
  EXPECT_FALSE(picker_->pick(std::vector<KeyStoreIndex>{0}, now_));
}

TEST_F(Picker, TakesTheShorterWaitOfTwo) {
  for (int i = 0; i < 3; ++i) picker_->began(0);
  const auto counts = picked();
  EXPECT_EQ(counts[0], 0) << "each draw has a second one, which waits for nobody";
  for (int i = 0; i < 3; ++i) picker_->ended(0);
  EXPECT_GT(picked()[0], 50);
}

TEST_F(Picker, PrefersLowLatencyUntilItIsForgotten) {
  for (const KeyStoreIndex store : {0, 1, 2}) picker_->pinged(store, 500us);
  picker_->answered(0, 50ms, now_);
  picker_->answered(1, 1ms, now_);
  picker_->answered(2, 1ms, now_);
  EXPECT_EQ(picked()[0], 0);
  now_ += 5min;
  picker_->answered(1, 1ms, now_);
  picker_->answered(2, 1ms, now_);
  EXPECT_GT(picked()[0], 50) << "its ping is as good as theirs";
}

TEST_F(Picker, FollowsALatencyThatChanges) {
  picker_->answered(0, 1ms, now_);
  for (int i = 0; i < 60; ++i) picker_->answered(0, 100ms, now_);
  picker_->answered(1, 50ms, now_);
  picker_->answered(2, 50ms, now_);
  EXPECT_EQ(picked()[0], 0);
}

TEST_F(Picker, OneThatIsOutrunIsSlowUntilItAnswers) {
  for (const KeyStoreIndex store : {0, 1, 2}) picker_->answered(store, 10ms, now_);
  picker_->outrun(0, 1ms, now_);
  EXPECT_GT(picked()[0], 50) << "it might have answered just then";
  picker_->outrun(0, 50ms, now_);
  EXPECT_EQ(picked()[0], 0);
}

TEST_F(Picker, AsksAFarTierOnlyWhileNoNearOneIsThere) {
  use(kTiers);
  EXPECT_EQ(picked()[2], 0);
  picker_->set_usable(0, false);
  EXPECT_EQ(picked(), (std::array{0, 300, 0}));
  picker_->set_usable(1, false);
  EXPECT_EQ(picked(), (std::array{0, 0, 300}));
  picker_->set_usable(0, true);
  EXPECT_EQ(picked({0}), (std::array{0, 0, 300}));
}

TEST_F(Picker, EjectsAfterFailuresInARowAndLetsItBack) {
  fail(0, 4);
  picker_->answered(0, 1ms, now_);
  fail(0, 4);
  EXPECT_TRUE(ejections_.empty()) << "not in a row";
  fail(0, 1);
  ASSERT_EQ(ejections_.size(), 1U);
  EXPECT_EQ(ejections_[0], (std::pair<KeyStoreIndex, std::chrono::milliseconds>(0, 1s)));
  EXPECT_EQ(picked()[0], 0);
  now_ += 1001ms;
  EXPECT_GT(picked()[0], 50);
}

TEST_F(Picker, EjectsLongerEachTimeUntilItAnswers) {
  fail(0, 5);
  for (const auto expected : {2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    now_ += ejections_.back().second;
    fail(0, 1);
    EXPECT_EQ(ejections_.back().second, expected);
  }
  now_ += 60s;
  picker_->answered(0, 1ms, now_);
  fail(0, 5);
  EXPECT_EQ(ejections_.back().second, 1s);
}

TEST_F(Picker, EjectsAtMostHalfAndAsksTheEjectedBeforeNobody) {
  fail(0, 5);
  fail(1, 5);
  EXPECT_EQ(ejections_.size(), 1U);
  EXPECT_EQ(picked()[0], 0);
  EXPECT_EQ(picked({1, 2}), (std::array{300, 0, 0}));
  use(std::array<unsigned, 1>{0});
  fail(0, 50);
  EXPECT_EQ(ejections_.size(), 1U) << "a single one is never ejected";
}

TEST_F(Picker, HandshakesOfALostLinkDoNotEject) {
  picker_->set_usable(0, false);
  fail(0, 50);
  picker_->set_usable(0, true);
  EXPECT_TRUE(ejections_.empty());
}

TEST_F(Picker, HedgesAfterTheSlowestOfTwentyRecentAnswers) {
  for (int i = 1; i <= 19; ++i) picker_->answered(0, i * 1ms, now_);
  EXPECT_FALSE(picker_->hedge_after()) << "too few";
  picker_->answered(0, 20ms, now_);
  EXPECT_EQ(picker_->hedge_after(), 20ms);
  for (int i = 0; i < 128; ++i) picker_->answered(0, 3ms, now_);
  EXPECT_EQ(picker_->hedge_after(), 3ms) << "only the last 128 count";
}

TEST_F(Picker, HedgesOneHandshakeInTen) {
  EXPECT_FALSE(picker_->take_hedge());
  int hedges = 0;
  for (int i = 0; i < 1000; ++i) {
    picker_->began(0);
    picker_->ended(0);
    if (picker_->take_hedge()) ++hedges;
  }
  EXPECT_NEAR(hedges, 100, 2);
  for (int i = 0; i < 1000; ++i) picker_->began(0);
  hedges = 0;
  while (picker_->take_hedge()) ++hedges;
  EXPECT_EQ(hedges, 10) << "they cannot be saved up";
}

TEST(KeyStorePicker, OneThatAnswersOthersIsNotEjectedForWantOfRoom) {
  KeyStorePicker picker(std::array<unsigned, 2>{0, 1}, 1);
  for (const KeyStoreIndex store : {0, 1}) picker.set_usable(store, true);
  TimePoint now = TimePoint{} + std::chrono::hours(1);
  picker.answered(0, std::chrono::microseconds(100), now);
  for (int i = 0; i < 50; ++i) picker.overloaded(0, now);
  EXPECT_EQ(picker.pick({}, now), 0U);
  now += std::chrono::milliseconds(1001);
  for (int i = 0; i < 5; ++i) picker.overloaded(0, now);
  EXPECT_EQ(picker.pick({}, now), 1U);
}

}  // namespace
}  // namespace baton::offload
