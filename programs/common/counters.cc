#include "common/counters.h"

#include "common/log.h"

namespace baton::programs {
namespace {

constexpr std::string_view kOther = "other";

std::string as_key(std::string_view name) {
  std::string key;
  for (const char c : name) key += LogKey::is_valid({&c, 1}) ? c : '_';
  return key.empty() ? std::string(kOther) : key;
}

}  // namespace

Counter& Counters::get(std::string_view name) {
  const std::string key = as_key(name);
  const std::lock_guard lock(mutex_);
  if (const auto found = counters_.find(key); found != counters_.end()) return found->second;
  // The last place is kept for "other".
  return counters_.size() + 1 < kMaxCounters ? counters_[key] : counters_[std::string(kOther)];
}

std::vector<std::pair<std::string_view, std::uint64_t>> Counters::snapshot() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string_view, std::uint64_t>> values;
  values.reserve(counters_.size());
  for (const auto& [name, counter] : counters_) values.emplace_back(name, counter.value());
  return values;
}

void Counters::log() const {
  std::vector<LogField> fields;
  for (const auto& [name, value] : snapshot()) fields.push_back({LogKey::from_checked(name), value});
  log_event(LogLevel::info, "counters", fields);
}

}  // namespace baton::programs
