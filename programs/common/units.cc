#include "common/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

namespace baton::programs {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> kDurationUnits = {
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 5> kSizeUnits = {
    {{"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};

constexpr std::array<Unit, 1> kNoUnit = {{{"", 1}}};
constexpr std::array<Unit, 3> kPeriods = {{{"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};

// Keeps the largest number times the largest unit below 2^64, and of a duration below 2^63.
constexpr std::size_t kMaxDigits = 10;
// Keeps a rate below 2^32.
constexpr std::size_t kMaxRateDigits = 9;

std::optional<std::uint64_t> parse_number_with_unit(std::string_view text, std::span<const Unit> units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > kMaxDigits) return std::nullopt;
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + digits, number);
  for (const Unit& unit : units) {
    if (text.substr(digits) == unit.name) return number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto value = parse_number_with_unit(text, kDurationUnits);
  if (!value) {
    return fail(
        ErrorCode::malformed,
        fmt::format("\"{}\" is not a duration; write a whole number and ms, s, m, h or d, as in \"10s\"",
                    text));
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto value = parse_number_with_unit(text, kSizeUnits);
  if (!value) {
    return fail(
        ErrorCode::malformed,
        fmt::format(
            "\"{}\" is not a size; write a number of bytes, or one with KiB, MiB or GiB, as in \"64KiB\"",
            text));
  }
  return *value;
}

Result<offload::Rate> parse_rate(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto count = parse_number_with_unit(text.substr(0, slash), kNoUnit);
  const std::string_view period = slash < text.size() ? text.substr(slash + 1) : std::string_view();
  const auto unit = std::ranges::find(kPeriods, period, &Unit::name);
  if (!count || *count == 0 || slash > kMaxRateDigits || unit == kPeriods.end()) {
    return fail(
        ErrorCode::malformed,
        fmt::format("\"{}\" is not a rate; write a whole number and /s, /m or /h, as in \"50/s\"", text));
  }
  return offload::Rate{static_cast<std::uint32_t>(*count), std::chrono::milliseconds(unit->factor)};
}

}  // namespace baton::programs
