#include "common/config_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace baton::programs {
namespace {

std::string without_control_characters(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    const bool control = (c >= 0 && c < ' ') || c == '\x7f';
    if (control) {
      fmt::format_to(std::back_inserter(clean), "\\x{:02x}", static_cast<unsigned>(c));
    } else {
      clean += c;
    }
  }
  return clean;
}

}  // namespace

void ConfigErrors::add(const Place& place, std::string_view problem) {
  const std::string key = place.key.empty() ? "" : place.key + ": ";
  const std::string line = fmt::format("{}:{}: {}{}", file_.string(), place.line, key, problem);
  entries_.push_back({place.line, without_control_characters(line)});
}

std::string ConfigErrors::text() const {
  std::vector<Entry> ordered = entries_;
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Entry& a, const Entry& b) { return a.line < b.line; });
  std::string text;
  for (const Entry& entry : ordered) {
    if (!text.empty()) text += '\n';
    text += entry.text;
  }
  return text;
}

}  // namespace baton::programs
