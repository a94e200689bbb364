#include "offload/rate.h"

#include <algorithm>

namespace baton::offload {

bool RateMeter::take(const Rate& rate, TimePoint now) {
  if (!rate.is_limited()) return true;
  const auto period = std::chrono::duration_cast<TimePoint::duration>(rate.period);
  const auto interval = period / rate.count;
  const TimePoint due = std::max(next_, now);
  if (due - now > period - interval) return false;
  next_ = due + interval;
  return true;
}

}  // namespace baton::offload
