// Named counters, for example "handshakes_failed_unknown_name".
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace baton::programs {

// Counts up. Any thread; an addition is one relaxed atomic instruction, and says nothing about the order of
// others.
class Counter {
 public:
  void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

// Any thread. Callers on a hot path keep the reference that get() gives; it is valid as long as the Counters.
class Counters {
 public:
  // R9: names may follow from what a peer does, so there are at most so many; all further ones count as
  // "other".
  static constexpr std::size_t kMaxCounters = 512;

  // The counter of that name, made when it is new. Characters that a log key cannot have become underscores,
  // and an empty name is "other".
  Counter& get(std::string_view name);

  // Names and values in the order of the names. Names stay valid as long as the Counters.
  std::vector<std::pair<std::string_view, std::uint64_t>> snapshot() const;

  // Logs the snapshot as one event "counters".
  void log() const;

 private:
  mutable std::mutex mutex_;  // guards the map, not the counters in it
  std::map<std::string, Counter, std::less<>> counters_;
};

}  // namespace baton::programs
