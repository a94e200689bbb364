#include "offload/rate.h"

#include <algorithm>

namespace baton::offload {

namespace {

TimePoint::duration interval(const Rate& rate) {
  return std::chrono::duration_cast<TimePoint::duration>(rate.period) / rate.count;
}

}  // namespace

bool RateMeter::would_take(const Rate& rate, TimePoint now) const {
  return !rate.is_limited() || next_ - now <= rate.period - interval(rate);
}

bool RateMeter::take(const Rate& rate, TimePoint now) {
  if (!would_take(rate, now)) return false;
  if (rate.is_limited()) next_ = std::max(next_, now) + interval(rate);
  return true;
}

}  // namespace baton::offload
