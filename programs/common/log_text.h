// One log event as one line of text. Values may come from the network, so every line is pure printable ASCII,
// whatever they hold: nobody can forge a second line, a field or a terminal command.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace baton::programs {

enum class LogLevel { trace, debug, info, warning, error };
enum class LogFormat { logfmt, json };

std::string_view to_string(LogLevel level);

// The name of a field, an event or a counter: lower-case letters, digits and underscores, so it never needs
// quoting.
class LogKey {
 public:
  // From a literal: a bad name does not compile.
  consteval LogKey(const char* literal) : text_(literal) {  // NOLINT(google-explicit-constructor)
    if (!is_valid(text_)) throw "a log key has lower-case letters, digits and underscores";
  }
  // From a name that was checked by is_valid(); aborts when it was not. Does not own the text.
  static LogKey from_checked(std::string_view name);

  static constexpr bool is_valid(std::string_view name) {
    for (const char c : name) {
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
    }
    return !name.empty();
  }

  std::string_view text() const { return text_; }

 private:
  struct Checked {};
  LogKey(std::string_view name, Checked /*tag*/) : text_(name) {}

  std::string_view text_;
};

// A value of a field: text, a number, true or false. It does not own the text.
// R6: there is no way to make one from a Secret, a SecretBuffer or a view of bytes.
class LogValue {
 public:
  LogValue(std::string_view text) : value_(text) {}                 // NOLINT(google-explicit-constructor)
  LogValue(const char* text) : LogValue(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  LogValue(const std::string& text)
      : LogValue(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  template <std::same_as<bool> Bool>
  LogValue(Bool value) : value_(value) {}  // NOLINT(google-explicit-constructor)
  template <class Integer>
  requires(std::signed_integral<Integer> && !std::same_as<Integer, char>) LogValue(Integer value)
      : value_(std::int64_t{value}) {}  // NOLINT(google-explicit-constructor)
  template <class Integer>
  requires(std::unsigned_integral<Integer> && !std::same_as<Integer, bool> && !std::same_as<Integer, char>)
      LogValue(Integer value)
      : value_(std::uint64_t{value}) {}  // NOLINT(google-explicit-constructor)

  using Variant = std::variant<std::string_view, std::int64_t, std::uint64_t, bool>;
  const Variant& value() const { return value_; }

 private:
  Variant value_;
};

struct LogField {
  LogKey key;
  LogValue value;
};

// Most bytes of one text value; what is longer is cut, and "..." shows it.
inline constexpr std::size_t kMaxLogText = 1024;

struct LogEvent {
  std::chrono::system_clock::time_point time;
  LogLevel level;
  std::string_view program;  // for example "baton-keystore"
  LogKey name;
  std::span<const LogField> fields;
};

// For example (without a newline):
//   time=2024-05-01T12:00:00.000001Z level=info program=baton-keystore event=link_up peer=app1.internal
// In logfmt a text that is empty or has other characters than letters, digits and -._:/@+[],*%&;~!?#$ is
// quoted, with
// \" \\ \n \r \t \xNN inside. In JSON other code points are \uNNNN, and bytes that are not UTF-8 are \ufffd.
std::string format_event(const LogEvent& event, LogFormat format);

}  // namespace baton::programs
