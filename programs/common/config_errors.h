// Errors of a configuration file. All of them are collected, so that an operator corrects a file in one go.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace baton::programs {

// Where the operator wrote something: the line, from 1, and the key with its tables, for example
// "link.listen".
struct Place {
  std::uint32_t line = 1;
  std::string key;
};

class ConfigErrors {
 public:
  // `file` as the operator named it.
  explicit ConfigErrors(std::filesystem::path file) : file_(std::move(file)) {}

  // `problem` says what is wrong and what to do. An empty key leaves it out of the text.
  void add(const Place& place, std::string_view problem);

  bool empty() const { return entries_.empty(); }
  // One error a line, in the order of the file: "keystore.toml:12: link.listen: ...". Characters that a
  // terminal could obey are escaped.
  std::string text() const;
  // All of it as one error.
  tl::unexpected<Error> as_failure() const { return fail(ErrorCode::malformed, text()); }

 private:
  struct Entry {
    std::uint32_t line;
    std::string text;
  };

  std::filesystem::path file_;
  std::vector<Entry> entries_;
};

}  // namespace baton::programs
