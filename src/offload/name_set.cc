#include "offload/name_set.h"

#include <algorithm>

#include "offload/text.h"

namespace baton::offload {
namespace {

constexpr std::size_t kMaxName = 253;  // bytes without the trailing dot, RFC 1035 §2.3.4
constexpr std::size_t kMaxLabel = 63;  // bytes, RFC 1035 §2.3.4

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool is_label_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
         letter == '_';
}

bool has_valid_labels(std::string_view name) {
  std::size_t label = 0;
  for (char letter : name) {
    if (letter == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (!is_label_letter(letter) || ++label > kMaxLabel) {
      return false;
    }
  }
  return label != 0;
}

}  // namespace

std::optional<std::string> normalize_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > kMaxName) return std::nullopt;
  std::string result(name);
  for (char& letter : result) letter = lower(letter);
  if (!has_valid_labels(result)) return std::nullopt;
  return result;
}

Result<NamePattern> parse_name_pattern(std::string_view text) {
  if (text == "*") return NamePattern{NamePattern::Kind::any, ""};
  const bool wildcard = text.starts_with("*.");
  const std::optional<std::string> name = normalize_name(wildcard ? text.substr(2) : text);
  if (!name) {
    return fail(ErrorCode::invalid_argument,
                concat("\"", text.substr(0, kMaxServerName), "\" is not a server name, *.NAME or *"));
  }
  return NamePattern{wildcard ? NamePattern::Kind::wildcard : NamePattern::Kind::exact, *name};
}

Result<void> NameSet::add(std::string_view pattern) {
  Result<void> added = names_.add(pattern, {});
  if (!added && added.error().code == ErrorCode::refused) return {};
  return added;
}

bool NameSet::covers(std::string_view text) const {
  const Result<NamePattern> pattern = parse_name_pattern(text);
  if (!pattern) return false;
  if (pattern->kind == NamePattern::Kind::exact) return contains(pattern->name);
  return names_.find_pattern(*pattern) != nullptr ||
         names_.find_pattern({NamePattern::Kind::any, ""}) != nullptr;
}

bool NameSet::covers_all(const std::vector<std::string>& patterns) const {
  // Also of a certificate's names that are no patterns here.
  if (covers("*")) return true;
  return !patterns.empty() &&
         std::ranges::all_of(patterns, [this](const std::string& pattern) { return covers(pattern); });
}

}  // namespace baton::offload
