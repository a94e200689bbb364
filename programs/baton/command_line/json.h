// Writing JSON (RFC 8259), in printable ASCII whatever the texts hold.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/log_text.h"

namespace baton::command_line {

// Keys and values are those of the log, so keys are lower_snake_case, and no secret can become a value. Bytes
// of a text that are not UTF-8 are written as \ufffd.
using JsonKey = programs::LogKey;
using JsonValue = programs::LogValue;

class JsonArray;

class JsonObject {
 public:
  void add(JsonKey key, JsonValue value);
  void add(JsonKey key, const JsonObject& object);
  void add(JsonKey key, const JsonArray& array);
  void add_null(JsonKey key);
  // null when there is none.
  template <class T>
  void add(JsonKey key, const std::optional<T>& value) {
    if (value) {
      add(key, *value);
    } else {
      add_null(key);
    }
  }

  // On one line.
  std::string text() const { return "{" + members_ + "}"; }

 private:
  void add_encoded(JsonKey key, std::string_view encoded);

  std::string members_;
};

class JsonArray {
 public:
  void add(JsonValue value);
  void add(const JsonObject& object);

  std::string text() const { return "[" + elements_ + "]"; }

 private:
  void add_encoded(std::string_view encoded);

  std::string elements_;
};

}  // namespace baton::command_line
