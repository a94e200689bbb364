#include "common/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace baton::programs {
namespace {

constexpr std::size_t kMaxLabel = 63;  // bytes, RFC 1035 §2.3.4
constexpr std::size_t kMaxName = 253;  // bytes of text, RFC 1035 §2.3.4 less length bytes and root
constexpr std::size_t kMaxUri = 2048;  // bytes; longer ones are no identity anybody reads

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_label_character(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

tl::unexpected<Error> bad_name(std::string_view text, std::string_view reason) {
  return fail(ErrorCode::malformed, fmt::format("\"{}\" is not a DNS name: {}", text, reason));
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), is_label_character);
}

std::string_view last_label(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

bool is_uri(std::string_view text) {
  const std::size_t scheme = text.find("://");
  return scheme != std::string_view::npos && scheme > 0 && is_letter(text.front()) &&
         text.size() > scheme + 3 && text.size() <= kMaxUri &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Result<std::string> parse_dns_name(std::string_view text) {
  if (text.empty()) return bad_name(text, "it is empty");
  if (text.size() > kMaxName) return bad_name(text, "it has more than 253 bytes");
  if (text.ends_with('.')) return bad_name(text, "leave out the dot at the end");
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c & '\x80') != 0; })) {
    return bad_name(text, "write an internationalized name in its xn-- form");
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    if (!is_label(text.substr(begin, end - begin))) {
      return bad_name(text,
                      "labels are 1 to 63 letters, digits, hyphens (not first or last) and underscores");
    }
    begin = end + 1;
  }
  // RFC 6066 §3: Literal IPv4 and IPv6 addresses are not permitted in "HostName".
  const std::string_view last = last_label(text);
  if (std::all_of(last.begin(), last.end(), is_digit)) return bad_name(text, "its last label is a number");
  return lower_case(text);
}

Result<std::string> parse_name_pattern(std::string_view text) {
  if (!text.starts_with('*')) return parse_dns_name(text);
  auto name = parse_dns_name(text.starts_with("*.") ? text.substr(2) : std::string_view());
  if (!name || name->find('.') == std::string::npos) {
    return fail(ErrorCode::malformed,
                fmt::format("\"{}\" is not a wildcard; write *. and a name of two labels or more, as in "
                            "\"*.example.com\"",
                            text));
  }
  return "*." + *name;
}

Result<std::string> parse_name_pattern_or_all(std::string_view text) {
  if (text == "*") return std::string(text);
  return parse_name_pattern(text);
}

Result<std::string> parse_identity(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return parse_dns_name(text);
  if (is_uri(text)) return std::string(text);
  return fail(ErrorCode::malformed, fmt::format("\"{}\" is not an identity; write a DNS name or a URI, as in "
                                                "\"spiffe://example.com/app1\"",
                                                text));
}

}  // namespace baton::programs
