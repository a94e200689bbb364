// Places that several members share, so that no member can take them all (R9).
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "base/lease.h"

namespace baton::offload {

// While more than a quarter of the places is free, whoever asks gets one. The last quarter is for members
// that have no more than their equal part: one place more lets them replace what they have, one after the
// other. Any thread.
class FairRoom {
 public:
  FairRoom(std::size_t places, std::size_t members) : places_(places), taken_by_(members) {}
  FairRoom(const FairRoom&) = delete;
  FairRoom& operator=(const FairRoom&) = delete;

  // One place, until it is destroyed.
  using Place = Lease<FairRoom, std::size_t>;

  // `member` counts from 0. nullopt: there is no room for this one.
  std::optional<Place> take(std::size_t member);

 private:
  friend Place;
  void leave(std::size_t member);

  const std::size_t places_;
  std::mutex mutex_;
  std::size_t taken_ = 0;
  std::vector<std::size_t> taken_by_;
};

}  // namespace baton::offload
