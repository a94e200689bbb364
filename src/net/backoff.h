// How long to wait before the next attempt.
#pragma once

#include <chrono>
#include <random>

namespace baton::net {

// Doubles from `first` to `greatest`, each time shortened at random by up to a half, so that many application
// servers do not come back to a key store in step.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds greatest)
      : first_(first), greatest_(greatest), next_(first) {}

  std::chrono::milliseconds next();
  void reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds greatest_;
  std::chrono::milliseconds next_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace baton::net
