// Keeps events that anyone can cause from filling the log; counters count them all.
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>

#include "common/log.h"
#include "offload/rate.h"

namespace baton::programs {

// Any thread.
class LogThrottle {
 public:
  explicit LogThrottle(offload::Rate rate = {10, std::chrono::seconds(1)}) : rate_(rate) {}

  // Whether to log this one. Tells of those that were left out before it.
  bool admit(offload::TimePoint now) {
    std::unique_lock lock(mutex_);
    if (!meter_.take(rate_, now)) {
      ++left_out_;
      return false;
    }
    const std::uint64_t left_out = std::exchange(left_out_, 0);
    lock.unlock();
    if (left_out > 0) log_event(LogLevel::warning, "events_left_out", {{"count", left_out}});
    return true;
  }

 private:
  const offload::Rate rate_;
  std::mutex mutex_;
  offload::RateMeter meter_;
  std::uint64_t left_out_ = 0;
};

}  // namespace baton::programs
