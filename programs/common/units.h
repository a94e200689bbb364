// Durations, sizes, rates and their text in configuration files.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "offload/rate.h"

namespace baton::programs {

// "500ms", "10s", "5m", "1h" or "7d": a whole number and one unit, at most 10 digits.
// Errors: malformed, with a text that says what to write.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// "4096", "4096B", "64KiB", "1MiB" or "1GiB", as bytes; at most 10 digits.
// Errors: malformed, with a text that says what to write.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

// "50/s", "3000/m" or "100/h": a whole number above 0 of at most 9 digits, and one unit.
// Errors: malformed, with a text that says what to write.
[[nodiscard]] Result<offload::Rate> parse_rate(std::string_view text);

}  // namespace baton::programs
