// Rates and fair parts: what overload is held down with.
#include "offload/rate.h"

#include <gtest/gtest.h>

#include "offload/client_rates.h"
#include "offload/fair_room.h"

namespace baton::offload {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart = TimePoint{} + 1h;

TEST(RateMeter, LetsSoManyThroughInAnyPeriod) {
  RateMeter meter;
  const Rate rate{5, 1s};
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(meter.take(rate, kStart)) << i;
  EXPECT_FALSE(meter.take(rate, kStart));
  EXPECT_FALSE(meter.take(rate, kStart + 199ms));
  EXPECT_TRUE(meter.take(rate, kStart + 200ms));
  EXPECT_FALSE(meter.take(rate, kStart + 200ms)) << "being refused costs nothing, being let through does";
  int let_through = 0;
  for (auto at = 201ms; at <= 10'200ms; at += 1ms) let_through += meter.take(rate, kStart + at) ? 1 : 0;
  EXPECT_EQ(let_through, 50);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(meter.take(rate, kStart + 1h)) << "rest brings all of them back";
  EXPECT_FALSE(meter.take(rate, kStart + 1h));
}

TEST(RateMeter, WithoutALimitNothingIsRefused) {
  RateMeter meter;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(meter.take({}, kStart));
}

TEST(RateMeter, HugeAndTinyRates) {
  RateMeter huge;
  const Rate most{999'999'999, 1s};
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(huge.take(most, kStart));
  RateMeter tiny;
  const Rate least{1, 1h};
  EXPECT_TRUE(tiny.take(least, kStart));
  EXPECT_FALSE(tiny.take(least, kStart + 59min));
  EXPECT_TRUE(tiny.take(least, kStart + 60min));
}

ClientAddress ipv4(std::uint8_t last, std::uint16_t port = 1) {
  return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, last}, port};
}
ClientAddress ipv6(std::uint8_t network, std::uint8_t host) {
  return {{0x20, 1, 0xd, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host}, 1};
}

TEST(ClientRates, CountsEachClientByItself) {
  ClientRates rates({1, 1s}, 7);
  EXPECT_TRUE(rates.take(ipv4(1), kStart));
  EXPECT_FALSE(rates.take(ipv4(1, 2), kStart)) << "another port is the same client";
  EXPECT_TRUE(rates.take(ipv4(2), kStart));
  EXPECT_TRUE(rates.take(ipv6(1, 1), kStart));
  EXPECT_FALSE(rates.take(ipv6(1, 2), kStart)) << "a /64 is one client";
  EXPECT_TRUE(rates.take(ipv6(2, 1), kStart));
  EXPECT_TRUE(rates.take({}, kStart));
  EXPECT_FALSE(rates.take({}, kStart)) << "those of unknown address are one";
  EXPECT_TRUE(rates.take(ipv4(1), kStart + 1s));
}

TEST(ClientRates, ManyClientsDoNotMakeItForgetTheOnesThatComeOften) {
  ClientRates rates({2, 1h}, 7);
  const auto client = [](std::uint32_t number) {
    ClientAddress address = ipv4(0);
    for (std::size_t i = 0; i < 4; ++i) address.ip[12 + i] = static_cast<std::uint8_t>(number >> (8 * i));
    return address;
  };
  EXPECT_TRUE(rates.take(client(0), kStart));
  EXPECT_TRUE(rates.take(client(0), kStart));
  for (std::uint32_t i = 1; i < 30'000; ++i) rates.take(client(i), kStart);
  EXPECT_FALSE(rates.take(client(0), kStart)) << "it has more to its account than those who came once";
  for (std::uint32_t i = 0; i < 1'000'000; ++i) rates.take(client(i), kStart);  // and memory does not grow
}

TEST(ClientRates, WhoTellsOfAClientUsesUpNobodyElses) {
  ClientRates rates({1, 1s}, 7);
  EXPECT_TRUE(rates.take(ipv4(1), kStart, 1));
  EXPECT_FALSE(rates.take(ipv4(1), kStart, 1));
  EXPECT_TRUE(rates.take(ipv4(1), kStart, 2));
}

TEST(FairRoom, ThereIsAPlaceForOneOfManyMembers) {
  FairRoom room(8, 100);
  std::vector<FairRoom::Place> places;
  while (auto place = room.take(0)) places.push_back(std::move(*place));
  EXPECT_EQ(places.size(), 6U);
  EXPECT_TRUE(room.take(1));
}

TEST(FairRoom, GivesPlacesBack) {
  FairRoom room(2, 1);
  auto first = room.take(0);
  auto second = room.take(0);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(room.take(0));
  const FairRoom::Place moved = std::move(*first);
  first.reset();
  EXPECT_FALSE(room.take(0)) << "what was moved is still held";
  second.reset();
  EXPECT_TRUE(room.take(0));
}

TEST(FairRoom, TheLastQuarterIsForThoseWhoHaveLess) {
  FairRoom room(16, 4);
  std::vector<FairRoom::Place> places;
  while (auto place = room.take(0)) places.push_back(std::move(*place));
  EXPECT_EQ(places.size(), 12U);
  for (int i = 0; i < 2; ++i) {
    for (const std::size_t member : {1, 2}) {
      auto place = room.take(member);
      ASSERT_TRUE(place);
      places.push_back(std::move(*place));
    }
  }
  EXPECT_FALSE(room.take(3)) << "all places are taken";
  places.erase(places.begin());
  EXPECT_FALSE(room.take(0));
  EXPECT_TRUE(room.take(3));
}

}  // namespace
}  // namespace baton::offload
