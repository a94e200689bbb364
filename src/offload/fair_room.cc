#include "offload/fair_room.h"

namespace baton::offload {

std::optional<FairRoom::Place> FairRoom::take(std::size_t member) {
  const std::lock_guard lock(mutex_);
  if (taken_ >= places_) return std::nullopt;
  const bool is_wide = taken_ < places_ - places_ / 4;
  const std::size_t part = places_ / taken_by_.size() + 1;
  if (!is_wide && taken_by_[member] >= part) return std::nullopt;
  ++taken_;
  ++taken_by_[member];
  return Place(*this, member);
}

void FairRoom::leave(std::size_t member) {
  const std::lock_guard lock(mutex_);
  --taken_;
  --taken_by_[member];
}

}  // namespace baton::offload
