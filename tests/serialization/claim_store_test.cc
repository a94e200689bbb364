// MemoryClaimStore: an id is spent once, whatever threads and clocks do.
#include "baton/claim_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

namespace baton {
namespace {

using std::chrono::seconds;

constexpr UnixTime at(std::int64_t time) {
  return UnixTime(seconds(time));
}

// Ids with the same first eight bytes, which the store hashes by.
ClaimId id_of(std::uint8_t number) {
  ClaimId id{1, 2, 3, 4, 5, 6, 7, 8};
  id.back() = number;
  return id;
}

// How the store answers: no code is success.
std::optional<ErrorCode> claim(ClaimStore& store, std::uint8_t number, UnixTime expires_at, UnixTime now) {
  auto claimed = store.claim(id_of(number), expires_at, now);
  if (claimed) return std::nullopt;
  EXPECT_FALSE(claimed.error().message.empty());
  return claimed.error().code;
}

TEST(MemoryClaimStore, SpendsAnIdOnce) {
  MemoryClaimStore store;
  EXPECT_EQ(claim(store, 1, at(100), at(10)), std::nullopt);
  EXPECT_EQ(claim(store, 1, at(100), at(10)), ErrorCode::already_claimed);
  EXPECT_EQ(claim(store, 1, at(100), at(99)), ErrorCode::already_claimed);
  EXPECT_EQ(claim(store, 1, at(200), at(99)), ErrorCode::already_claimed) << "another expiry is no other id";
  EXPECT_EQ(store.size(), 1u);
}

TEST(MemoryClaimStore, KeepsIdsApartThatHashAlike) {
  MemoryClaimStore store;
  for (std::uint8_t number = 0; number < 100; ++number) {
    EXPECT_EQ(claim(store, number, at(100), at(10)), std::nullopt);
  }
  EXPECT_EQ(claim(store, 50, at(100), at(10)), ErrorCode::already_claimed);
  EXPECT_EQ(store.size(), 100u);
}

TEST(MemoryClaimStore, RefusesWhatHasExpired) {
  MemoryClaimStore store;
  EXPECT_EQ(claim(store, 1, at(100), at(100)), ErrorCode::expired);
  EXPECT_EQ(claim(store, 1, at(100), at(101)), ErrorCode::expired);
  EXPECT_EQ(store.size(), 0u);
}

TEST(MemoryClaimStore, ForgetsWhatHasExpired) {
  MemoryClaimStore store;
  for (std::uint8_t number = 0; number < 10; ++number) {
    ASSERT_EQ(claim(store, number, at(100 - number), at(10)), std::nullopt);
  }
  EXPECT_EQ(claim(store, 20, at(200), at(94)), std::nullopt);
  EXPECT_EQ(store.size(), 7u) << "those that expire from 95 to 100, and the new one";
  EXPECT_EQ(claim(store, 5, at(95), at(94)), ErrorCode::already_claimed);
  EXPECT_EQ(claim(store, 6, at(94), at(94)), ErrorCode::expired);
  EXPECT_EQ(claim(store, 21, at(200), at(150)), std::nullopt);
  EXPECT_EQ(store.size(), 2u);
}

TEST(MemoryClaimStore, FailsClosedWhenItIsFull) {
  MemoryClaimStore store(2);
  EXPECT_EQ(claim(store, 1, at(100), at(10)), std::nullopt);
  EXPECT_EQ(claim(store, 2, at(50), at(10)), std::nullopt);
  EXPECT_EQ(claim(store, 3, at(100), at(10)), ErrorCode::limit_exceeded);
  EXPECT_EQ(claim(store, 1, at(100), at(10)), ErrorCode::already_claimed);
  EXPECT_EQ(store.size(), 2u);
  EXPECT_EQ(claim(store, 3, at(100), at(50)), std::nullopt) << "one has expired and left its room";
  EXPECT_EQ(claim(store, 4, at(100), at(50)), ErrorCode::limit_exceeded);
}

TEST(MemoryClaimStore, WithoutRoomItRefusesEverything) {
  MemoryClaimStore store(0);
  EXPECT_EQ(claim(store, 1, at(100), at(10)), ErrorCode::limit_exceeded);
}

TEST(MemoryClaimStore, AClockThatIsSetBackMakesNothingUsableAgain) {
  MemoryClaimStore store;
  EXPECT_EQ(claim(store, 1, at(100), at(10)), std::nullopt);
  EXPECT_EQ(claim(store, 2, at(300), at(200)), std::nullopt);
  ASSERT_EQ(store.size(), 1u) << "the first is forgotten";
  EXPECT_EQ(claim(store, 1, at(100), at(10)), ErrorCode::expired);
  EXPECT_EQ(claim(store, 3, at(200), at(10)), ErrorCode::expired) << "never seen, but over by then";
  EXPECT_EQ(claim(store, 4, at(201), at(10)), std::nullopt);
  EXPECT_EQ(claim(store, 2, at(300), at(10)), ErrorCode::already_claimed);
}

TEST(MemoryClaimStore, TimePassesAlsoWithClaimsThatAreRefused) {
  MemoryClaimStore store;
  EXPECT_EQ(claim(store, 1, at(150), at(200)), ErrorCode::expired);
  EXPECT_EQ(claim(store, 2, at(180), at(10)), ErrorCode::expired);
}

TEST(MemoryClaimStore, TheEndsOfTimeAreTimesToo) {
  MemoryClaimStore store;
  EXPECT_EQ(claim(store, 1, UnixTime::max(), UnixTime::min()), std::nullopt);
  EXPECT_EQ(claim(store, 1, UnixTime::max(), UnixTime::max()), ErrorCode::expired);
  EXPECT_EQ(claim(store, 2, UnixTime::max(), UnixTime::min()), ErrorCode::expired);
}

TEST(MemoryClaimStore, OfManyThreadsOneSpendsAnId) {
  constexpr std::size_t kThreads = 8;
  constexpr std::uint8_t kIds = 200;
  MemoryClaimStore store;
  std::barrier start(kThreads);
  std::array<std::atomic<int>, kIds> spent{};
  std::atomic<int> strange = 0;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (std::uint8_t number = 0; number < kIds; ++number) {
        auto claimed = store.claim(id_of(number), at(1000), at(number));
        if (claimed) ++spent[number];
        if (!claimed && claimed.error().code != ErrorCode::already_claimed) ++strange;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : spent) EXPECT_EQ(count, 1);
  EXPECT_EQ(strange, 0);
  EXPECT_EQ(store.size(), kIds);
}

}  // namespace
}  // namespace baton
