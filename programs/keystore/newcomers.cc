#include "keystore/newcomers.h"

#include <algorithm>

namespace baton::keystore {

std::optional<Newcomers::Place> Newcomers::enter(const offload::ClientNetwork& from) {
  const std::lock_guard lock(mutex_);
  const std::size_t of_one = std::max<std::size_t>(places_ / 4, 1);
  const auto found = by_address_.find(from);
  if (taken_ >= places_ || (found != by_address_.end() && found->second >= of_one)) return std::nullopt;
  ++taken_;
  const auto counted = by_address_.try_emplace(from, 0).first;
  ++counted->second;
  return Place(*this, counted);
}

bool Newcomers::is_crowded() {
  const std::lock_guard lock(mutex_);
  return taken_ > places_ / 2;
}

void Newcomers::leave(Counts::iterator address) {
  const std::lock_guard lock(mutex_);
  --taken_;
  if (--address->second == 0) by_address_.erase(address);
}

}  // namespace baton::keystore
