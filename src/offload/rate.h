// Rates of handshakes, counted before anything is done for them (R9).
#pragma once

#include <chrono>
#include <cstdint>

#include "offload/time.h"

namespace baton::offload {

// So many in a period of that length, evenly; and after a rest, so many at once. 0: no limit.
struct Rate {
  std::uint32_t count = 0;
  std::chrono::milliseconds period{1000};

  bool is_limited() const { return count != 0; }
  friend bool operator==(const Rate&, const Rate&) = default;
};

// Whether something keeps to a rate: the generic cell rate algorithm (ITU-T I.371 §A, virtual scheduling),
// whose whole state is one point in time. For one thread; time must not go backwards.
class RateMeter {
 public:
  // True: it keeps to the rate, and counts. False: it does not, and leaves no trace.
  bool take(const Rate& rate, TimePoint now);
  // Whether take() would say so.
  bool would_take(const Rate& rate, TimePoint now) const;

  // From then on it is as if nothing had ever come.
  TimePoint idle_from() const { return next_; }

 private:
  TimePoint next_;  // when the next one would be due if they came evenly
};

}  // namespace baton::offload
