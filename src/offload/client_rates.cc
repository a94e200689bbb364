#include "offload/client_rates.h"

#include <algorithm>
#include <cstring>

namespace baton::offload {
namespace {

// The finalizer of SplitMix64 (Steele, Lea, Flood, 2014): every bit of the input moves every bit of the
// result.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

ClientRates::ClientRates(Rate rate, std::uint64_t seed)
    : rate_(rate), seed_(seed), sets_(rate.is_limited() ? kSets : 0) {}

ClientRates::Set& ClientRates::set_of(const Key& client) {
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), client.network.data(), client.network.size());
  return sets_[mixed(mixed(halves[0] ^ seed_) ^ halves[1] ^ client.teller) % kSets];
}

// Its own place, or that of the one that has been idle for longest or will be first.
ClientRates::Place& ClientRates::place_for(Set& set, const Key& client) {
  const auto own = std::ranges::find(set, client, &Place::client);
  if (own != set.end()) return *own;
  Place& place = *std::ranges::min_element(set, {}, [](const Place& one) { return one.meter.idle_from(); });
  place = {client, {}};
  return place;
}

bool ClientRates::take(const ClientAddress& client, TimePoint now, std::uint32_t teller) {
  if (!rate_.is_limited()) return true;
  const Key key{network_of(client), teller};
  const std::lock_guard lock(mutex_);
  return place_for(set_of(key), key).meter.take(rate_, now);
}

}  // namespace baton::offload
