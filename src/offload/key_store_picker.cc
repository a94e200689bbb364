#include "offload/key_store_picker.h"

#include <algorithm>
#include <cmath>

namespace baton::offload {
namespace {

constexpr Microseconds kUnknownLatency{1000};  // of a key store that has not been measured
constexpr double kNewestWeight = 0.1;          // in the moving average
constexpr std::size_t kAnswersToHedge = 20;    // before their percentile means something
constexpr double kHedgesPerHandshake = 0.1;
constexpr double kMostHedgeCredit = 10;
constexpr double kRetriesPerHandshake = 0.2;
constexpr double kMostRetryCredit = 1000;

bool take_one(double& credit) {
  if (credit < 1) return false;
  credit -= 1;
  return true;
}

}  // namespace

KeyStorePicker::KeyStorePicker(std::span<const unsigned> tiers, std::uint32_t seed, PickerLimits limits)
    : limits_(limits), random_(seed), retry_credit_(kMostRetryCredit) {
  for (const unsigned tier : tiers) stores_.emplace_back(tier);
}

std::optional<KeyStoreIndex> KeyStorePicker::pick(std::span<const KeyStoreIndex> excluded, TimePoint now) {
  const auto healthy = candidates(excluded, [now](const Store& store) { return store.ejected_until <= now; });
  if (!healthy.empty()) return better_of_two(healthy, now);
  const auto any = candidates(excluded, [](const Store&) { return true; });
  if (!any.empty()) return better_of_two(any, now);
  return std::nullopt;
}

std::vector<KeyStoreIndex> KeyStorePicker::candidates(std::span<const KeyStoreIndex> excluded,
                                                      const std::function<bool(const Store&)>& admits) const {
  std::vector<KeyStoreIndex> nearest;
  for (KeyStoreIndex i = 0; i < stores_.size(); ++i) {
    const Store& store = stores_[i];
    if (!store.usable || !admits(store) || std::ranges::find(excluded, i) != excluded.end()) continue;
    if (!nearest.empty() && stores_[nearest.front()].tier < store.tier) continue;
    if (!nearest.empty() && stores_[nearest.front()].tier > store.tier) nearest.clear();
    nearest.push_back(i);
  }
  return nearest;
}

KeyStoreIndex KeyStorePicker::better_of_two(std::span<const KeyStoreIndex> candidates, TimePoint now) {
  if (candidates.size() == 1) return candidates.front();
  std::uniform_int_distribution<std::size_t> first_draw(0, candidates.size() - 1);
  std::uniform_int_distribution<std::size_t> second_draw(1, candidates.size() - 1);
  const std::size_t at = first_draw(random_);
  const KeyStoreIndex first = candidates[at];
  const KeyStoreIndex second = candidates[(at + second_draw(random_)) % candidates.size()];
  return expected_wait(stores_[first], now) <= expected_wait(stores_[second], now) ? first : second;
}

double KeyStorePicker::expected_wait(const Store& store, TimePoint now) const {
  double latency = static_cast<double>(store.ping.value_or(kUnknownLatency).count());
  if (store.latency) {
    const std::chrono::duration<double> age = now - store.measured;
    const double memory = std::exp(-age / std::chrono::duration<double>(limits_.latency_memory));
    latency += (static_cast<double>(store.latency->count()) - latency) * memory;
  }
  return latency * (store.in_flight + 1.0);
}

void KeyStorePicker::began(KeyStoreIndex store) {
  ++stores_[store].in_flight;
  hedge_credit_ = std::min(hedge_credit_ + kHedgesPerHandshake, kMostHedgeCredit);
  retry_credit_ = std::min(retry_credit_ + kRetriesPerHandshake, kMostRetryCredit);
}

void KeyStorePicker::answered(KeyStoreIndex index, Microseconds latency, TimePoint now) {
  Store& store = stores_[index];
  measure(store, latency, now);
  store.answered = now;
  store.failures = 0;
  if (store.ejected_until <= now) store.ejection = {};
  recent_[answers_++ % kRecentAnswers] = latency;
}

void KeyStorePicker::outrun(KeyStoreIndex index, Microseconds at_least, TimePoint now) {
  Store& store = stores_[index];
  // Without the slow ones the percentile that hedging waits for would fall and fall.
  recent_[answers_++ % kRecentAnswers] = at_least;
  if (at_least > store.latency.value_or(Microseconds(0))) measure(store, at_least, now);
}

void KeyStorePicker::measure(Store& store, Microseconds latency, TimePoint now) {
  const Microseconds before = store.latency.value_or(latency);
  store.latency = before + std::chrono::duration_cast<Microseconds>((latency - before) * kNewestWeight);
  store.measured = now;
}

void KeyStorePicker::failed(KeyStoreIndex index, TimePoint now) {
  Store& store = stores_[index];
  // While it is ejected, the answers of handshakes from before tell nothing new.
  if (!store.usable || store.ejected_until > now) return;
  if (++store.failures >= limits_.failures_to_eject && may_eject(now)) eject(index, now);
}

void KeyStorePicker::overloaded(KeyStoreIndex index, TimePoint now) {
  const auto& answered = stores_[index].answered;
  if (!answered || now - *answered > limits_.answers_others) failed(index, now);
}

bool KeyStorePicker::may_eject(TimePoint now) const {
  const auto ejected =
      std::ranges::count_if(stores_, [now](const Store& store) { return store.ejected_until > now; });
  return static_cast<std::size_t>(ejected) + 1 <= stores_.size() / 2;
}

void KeyStorePicker::eject(KeyStoreIndex index, TimePoint now) {
  Store& store = stores_[index];
  store.ejection = store.ejection.count() == 0 ? limits_.first_ejection
                                               : std::min(store.ejection * 2, limits_.longest_ejection);
  store.ejected_until = now + store.ejection;
  store.failures = limits_.failures_to_eject - 1;  // the next failure ejects it again
  if (on_ejection_) on_ejection_(index, store.ejection);
}

std::optional<Microseconds> KeyStorePicker::hedge_after() const {
  if (answers_ < kAnswersToHedge) return std::nullopt;
  std::vector<Microseconds> recent(
      recent_.begin(), recent_.begin() + static_cast<std::ptrdiff_t>(std::min(answers_, kRecentAnswers)));
  const auto p95 = recent.begin() + static_cast<std::ptrdiff_t>(recent.size() * 95 / 100);
  std::ranges::nth_element(recent, p95);
  return *p95;
}

bool KeyStorePicker::take_hedge() {
  return take_one(hedge_credit_);
}

bool KeyStorePicker::take_retry() {
  return take_one(retry_credit_);
}

}  // namespace baton::offload
