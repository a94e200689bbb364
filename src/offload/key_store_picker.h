// Which of several key stores is asked next.
//
// Only the nearest tier counts that has one to offer. Of it two are drawn at random, and the one that
// promises the shorter wait is taken (M. Mitzenmacher, "The Power of Two Choices in Randomized Load
// Balancing", 2001): its measured latency, times the handshakes that are with it. A key store that fails
// several times in a row is ejected for a while, which grows each time; never more than half of all. Where
// only ejected ones are left, they are asked all the same.
//
// For one thread. Time is what the caller gives, and must not go backwards.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "offload/remote_handshake.h"
#include "offload/time.h"

namespace baton::offload {

using Microseconds = std::chrono::microseconds;

struct PickerLimits {
  unsigned failures_to_eject = 5;  // in a row
  std::chrono::milliseconds first_ejection{1000};
  std::chrono::milliseconds longest_ejection{60'000};
  std::chrono::milliseconds answers_others{1000};  // how long ago an answer may be that says so
  // A latency that was measured this long ago counts for 1/e; the rest is the round trip of a ping.
  std::chrono::milliseconds latency_memory{10'000};
};

class KeyStorePicker {
 public:
  using OnEjection = std::function<void(KeyStoreIndex, std::chrono::milliseconds)>;

  // `tiers`: of each key store; lower is nearer.
  KeyStorePicker(std::span<const unsigned> tiers, std::uint32_t seed, PickerLimits limits = {});

  // Called when a key store is ejected, and for how long.
  void set_on_ejection(OnEjection on_ejection) { on_ejection_ = std::move(on_ejection); }

  // Whether it has a link that takes new handshakes. At first none has.
  void set_usable(KeyStoreIndex store, bool usable) { stores_[store].usable = usable; }
  void pinged(KeyStoreIndex store, Microseconds round_trip) { stores_[store].ping = round_trip; }

  // A usable one that is not in `excluded`.
  std::optional<KeyStoreIndex> pick(std::span<const KeyStoreIndex> excluded, TimePoint now);

  // A handshake begins and ends to be with it.
  void began(KeyStoreIndex store);
  void ended(KeyStoreIndex store) { --stores_[store].in_flight; }
  // What came of it: its first answer, or none that could be used. A lost link is no failure of its own.
  void answered(KeyStoreIndex store, Microseconds latency, TimePoint now);
  void failed(KeyStoreIndex store, TimePoint now);
  // It has refused for want of room. Not a failure as long as it answers others: what it has no room for may
  // be one client's slow signatures.
  void overloaded(KeyStoreIndex store, TimePoint now);
  // Another one was faster: it would have taken longer than this.
  void outrun(KeyStoreIndex store, Microseconds at_least, TimePoint now);

  // Hedging: how long to wait for an answer before a second key store is asked, which is the 95th percentile
  // of the last answers; none until there are enough of them.
  std::optional<Microseconds> hedge_after() const;
  // Takes the permission for one more question; about one handshake in ten gets it, so that hedging cannot
  // double the load of key stores that are slow because of it.
  bool take_hedge();

  // Takes the permission to ask another key store what one has refused or not answered in time. A thousand
  // may be asked so at once, and one for five handshakes in the long run, so that key stores that cannot keep
  // up are not asked for several times as much. Lost links need no permission.
  bool take_retry();

 private:
  struct Store {
    explicit Store(unsigned tier_of_it) : tier(tier_of_it) {}

    unsigned tier;
    bool usable = false;
    unsigned in_flight = 0;
    std::optional<Microseconds> latency;  // moving average
    TimePoint measured;                   // when that last changed
    std::optional<TimePoint> answered;    // last
    std::optional<Microseconds> ping;
    unsigned failures = 0;  // in a row
    std::chrono::milliseconds ejection{0};
    TimePoint ejected_until;
  };
  static constexpr std::size_t kRecentAnswers = 128;

  static void measure(Store& store, Microseconds latency, TimePoint now);
  double expected_wait(const Store& store, TimePoint now) const;
  bool may_eject(TimePoint now) const;
  void eject(KeyStoreIndex store, TimePoint now);
  KeyStoreIndex better_of_two(std::span<const KeyStoreIndex> candidates, TimePoint now);
  std::vector<KeyStoreIndex> candidates(std::span<const KeyStoreIndex> excluded,
                                        const std::function<bool(const Store&)>& admits) const;

  std::vector<Store> stores_;
  PickerLimits limits_;
  std::minstd_rand random_;
  OnEjection on_ejection_;
  std::array<Microseconds, kRecentAnswers> recent_{};  // a ring
  std::size_t answers_ = 0;
  double hedge_credit_ = 0;
  double retry_credit_;
};

}  // namespace baton::offload
