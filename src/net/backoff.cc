#include "net/backoff.h"

#include <algorithm>

namespace baton::net {

std::chrono::milliseconds Backoff::next() {
  const auto longest = next_;
  next_ = std::min(2 * next_, greatest_);
  std::uniform_int_distribution<std::int64_t> choose(longest.count() / 2, longest.count());
  return std::chrono::milliseconds(choose(random_));
}

}  // namespace baton::net
