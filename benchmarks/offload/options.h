// The command line of a helper of the suite `offload`: "--name value" pairs and "--switch"es.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "require.h"

namespace baton::bench {

class Options {
 public:
  Options(int count, char** arguments) : words_(arguments + 1, arguments + count) {}

  bool is_command(std::string_view name) const { return !words_.empty() && words_.front() == name; }
  bool has(std::string_view name) const { return find(name) < words_.size(); }
  std::string text(std::string_view name) const {
    const std::size_t place = find(name);
    require(place + 1 < words_.size(), "an option is missing, or its value");
    return words_[place + 1];
  }
  unsigned number(std::string_view name) const {
    const std::string digits = text(name);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    require(error == std::errc() && end == digits.data() + digits.size(), "an option is not a number");
    return value;
  }
  unsigned number(std::string_view name, unsigned fallback) const {
    return has(name) ? number(name) : fallback;
  }

 private:
  std::size_t find(std::string_view name) const {
    std::size_t place = 0;
    while (place < words_.size() && words_[place] != name) ++place;
    return place;
  }

  std::vector<std::string> words_;
};

}  // namespace baton::bench
