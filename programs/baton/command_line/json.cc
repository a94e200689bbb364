#include "command_line/json.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

#include "common/utf8.h"

namespace baton::command_line {
namespace {

// RFC 8259 §7: characters outside the Basic Multilingual Plane are written as a surrogate pair.
void append_escaped(std::string& out, char32_t code_point) {
  const auto value = static_cast<std::uint32_t>(code_point);
  if (value < 0x10000) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", value);
    return;
  }
  const std::uint32_t offset = value - 0x10000;
  fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}", 0xd800 + (offset >> 10),
                 0xdc00 + (offset & 0x3ff));
}

std::string encode_text(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const char32_t code_point = programs::take_code_point(text);
    const bool plain = code_point >= ' ' && code_point <= '~' && code_point != '"' && code_point != '\\';
    if (plain) {
      out += static_cast<char>(code_point);
    } else {
      append_escaped(out, code_point);
    }
  }
  return out + '"';
}

struct Encoder {
  std::string operator()(std::string_view text) const { return encode_text(text); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  template <class Integer>
  std::string operator()(Integer value) const {
    return std::to_string(value);
  }
};

std::string encode(const JsonValue& value) {
  return std::visit(Encoder{}, value.value());
}

void append_element(std::string& list, std::string_view element) {
  if (!list.empty()) list += ',';
  list += element;
}

}  // namespace

void JsonObject::add(JsonKey key, JsonValue value) {
  add_encoded(key, encode(value));
}

void JsonObject::add(JsonKey key, const JsonObject& object) {
  add_encoded(key, object.text());
}

void JsonObject::add(JsonKey key, const JsonArray& array) {
  add_encoded(key, array.text());
}

void JsonObject::add_null(JsonKey key) {
  add_encoded(key, "null");
}

void JsonObject::add_encoded(JsonKey key, std::string_view encoded) {
  append_element(members_, fmt::format("\"{}\":{}", key.text(), encoded));
}

void JsonArray::add(JsonValue value) {
  add_encoded(encode(value));
}

void JsonArray::add(const JsonObject& object) {
  add_encoded(object.text());
}

void JsonArray::add_encoded(std::string_view encoded) {
  append_element(elements_, encoded);
}

}  // namespace baton::command_line
