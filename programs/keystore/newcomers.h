// Connections to the link's address from those who have not shown yet who they are (R9): so many at once, a
// quarter of them from one network at the most. Any thread.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>

#include "base/lease.h"
#include "offload/client_address.h"

namespace baton::keystore {

class Newcomers {
 public:
  explicit Newcomers(std::size_t places) : places_(places) {}
  Newcomers(const Newcomers&) = delete;
  Newcomers& operator=(const Newcomers&) = delete;

  using Counts = std::map<offload::ClientNetwork, std::size_t>;
  // One place, until it is destroyed.
  using Place = Lease<Newcomers, Counts::iterator>;

  // More than half of the places are taken: who is slow is more likely a stranger.
  bool is_crowded();
  // nullopt: there is no room for this one.
  std::optional<Place> enter(const offload::ClientNetwork& from);

 private:
  friend Place;
  void leave(Counts::iterator address);

  const std::size_t places_;
  std::mutex mutex_;
  std::size_t taken_ = 0;
  Counts by_address_;  // never 0
};

}  // namespace baton::keystore
