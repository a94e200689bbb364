// The rates of many clients, each known by its address.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "offload/client_address.h"
#include "offload/rate.h"

namespace baton::offload {

// A client is a network_of() its address. Memory is fixed (R9): where more clients come at once than there
// are places for, some are forgotten too early and let through. Any thread.
class ClientRates {
 public:
  // Nobody may choose who shares places with whom: `seed` is random.
  ClientRates(Rate rate, std::uint64_t seed);

  // Whether this one keeps to the rate; then it counts. `teller`: who says that this is its address, and so
  // cannot use up the rates of others' clients.
  bool take(const ClientAddress& client, TimePoint now, std::uint32_t teller = 0);

 private:
  struct Key {
    ClientNetwork network{};
    std::uint32_t teller = 0;

    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Place {
    Key client;
    RateMeter meter;
  };
  // 64 Ki places, 2 MiB in all.
  static constexpr std::size_t kSets = 8192;
  static constexpr std::size_t kPlacesInSet = 8;
  using Set = std::array<Place, kPlacesInSet>;

  Set& set_of(const Key& client);
  static Place& place_for(Set& set, const Key& client);

  Rate rate_;
  std::uint64_t seed_;
  std::mutex mutex_;
  std::vector<Set> sets_;  // empty without a limit
};

}  // namespace baton::offload
