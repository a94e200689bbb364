// Sets and maps of server names: exact names, wildcards, or all names.
//
// A pattern is
//   www.example.com   that name;
//   *.example.com     every name with exactly one label in place of the star (RFC 6125 §6.4.3), not
//   example.com;
//   *                 every valid name, and clients that send none.
// Names are compared in lower case. One trailing dot is dropped, in patterns and in names that are looked up:
// "www.example.com." is the same host (RFC 6066 §3 sends names without it, but not all clients obey). A label
// has 1 to 63 letters, digits, "-" or "_"; a name at most 253 bytes; internationalized names are in their
// "xn--" form.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace baton::offload {

// A name as it is compared: lower case, without the trailing dot. nullopt: not a valid name; the empty one is
// not.
std::optional<std::string> normalize_name(std::string_view name);

struct NamePattern {
  enum class Kind { exact, wildcard, any };
  Kind kind = Kind::exact;
  std::string name;  // normalized; of a wildcard, what follows "*."; empty for any
};

// Error: invalid_argument, with the pattern in its text.
[[nodiscard]] Result<NamePattern> parse_name_pattern(std::string_view text);

// Values by name. Lookup order: exact, wildcard, any. Once filled, it may be read from all threads.
template <class Value>
class NameMap {
 public:
  // Errors: invalid_argument, or refused when the same pattern is there already.
  [[nodiscard]] Result<void> add(std::string_view pattern, Value value) {
    Result<NamePattern> parsed = parse_name_pattern(pattern);
    if (!parsed) return pass_on(parsed);
    if (!values_.try_emplace({parsed->kind, parsed->name}, std::move(value)).second) {
      return fail(ErrorCode::refused, "the name \"" + std::string(pattern) + "\" is there twice");
    }
    return {};
  }

  // `name` as a client sent it; empty: it sent none, which only `*` matches. nullptr: no pattern matches.
  const Value* find(std::string_view name) const {
    const std::optional<std::string> key = normalize_name(name);
    if (!key) return name.empty() ? at(NamePattern::Kind::any, "") : nullptr;
    if (const Value* value = at(NamePattern::Kind::exact, *key)) return value;
    const std::size_t dot = key->find('.');
    if (dot != std::string::npos) {
      if (const Value* value = at(NamePattern::Kind::wildcard, key->substr(dot + 1))) return value;
    }
    return at(NamePattern::Kind::any, "");
  }

  // The value of that very pattern.
  const Value* find_pattern(const NamePattern& pattern) const { return at(pattern.kind, pattern.name); }

 private:
  const Value* at(NamePattern::Kind kind, const std::string& name) const {
    const auto found = values_.find({kind, name});
    return found == values_.end() ? nullptr : &found->second;
  }

  std::map<std::pair<NamePattern::Kind, std::string>, Value> values_;
};

// The names that a link's identity may serve.
class NameSet {
 public:
  // As NameMap::add; a name that is there already changes nothing.
  [[nodiscard]] Result<void> add(std::string_view pattern);
  bool contains(std::string_view name) const { return names_.find(name) != nullptr; }
  // Whether it contains every name that the pattern stands for. False for one that cannot be parsed.
  bool covers(std::string_view pattern) const;
  // The same for all of them. With none only `*` does, which also has the clients that send no name.
  bool covers_all(const std::vector<std::string>& patterns) const;

 private:
  struct Nothing {};
  NameMap<Nothing> names_;
};

}  // namespace baton::offload
