// One coroutine waits, another one wakes it. For the coroutines of one event loop.
#pragma once

#include <asio/steady_timer.hpp>

#include "net/socket.h"

namespace baton::net {

class Signal {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Signal(const asio::any_io_executor& executor) : timer_(executor, TimePoint::max()) {}

  // Wakes who waits now; if nobody does, the next wait() returns at once.
  void notify();
  // Returns after a notify(). Cancellation returns too, so a waiter looks at what it waits for again.
  Task<> wait() { return wait_until(TimePoint::max()); }
  // As wait(), and returns at that time at the latest.
  Task<> wait_until(TimePoint deadline);

 private:
  asio::steady_timer timer_;
  bool notified_ = false;
};

}  // namespace baton::net
