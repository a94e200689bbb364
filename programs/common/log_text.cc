#include "common/log_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <iterator>

#include "common/utf8.h"

namespace baton::programs {
namespace {

constexpr std::string_view kBareCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/@+[],*%&;~!?#$";
constexpr std::string_view kCutMark = "...";

bool is_printable_ascii(char c) {
  return c >= ' ' && c <= '~';
}

// RFC 3339 §5.6, in UTC, with microseconds.
std::string format_time(std::chrono::system_clock::time_point time) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(micros);
  const std::time_t unix_time = seconds.count();
  std::tm utc{};
  gmtime_r(&unix_time, &utc);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", utc, (micros - seconds).count());
}

// The character after the backslash for those that have a short form in logfmt and JSON alike; 0 for others.
char short_escape(char c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

void append_logfmt_text(std::string& line, std::string_view text) {
  if (!text.empty() && text.find_first_not_of(kBareCharacters) == std::string_view::npos) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) {
    if (const char escape = short_escape(c); escape != 0) {
      line += '\\';
      line += escape;
    } else if (is_printable_ascii(c)) {
      line += c;
    } else {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  line += '"';
}

// RFC 8259 §7: characters outside the Basic Multilingual Plane are written as a surrogate pair.
void append_json_code_point(std::string& line, char32_t code_point) {
  const auto value = static_cast<std::uint32_t>(code_point);
  if (value < 0x10000) {
    fmt::format_to(std::back_inserter(line), "\\u{:04x}", value);
  } else {
    const std::uint32_t offset = value - 0x10000;
    fmt::format_to(std::back_inserter(line), "\\u{:04x}\\u{:04x}", 0xd800 + (offset >> 10),
                   0xdc00 + (offset & 0x3ff));
  }
}

void append_json_text(std::string& line, std::string_view text) {
  line += '"';
  while (!text.empty()) {
    const char c = text.front();
    if (const char escape = short_escape(c); escape != 0) {
      line += '\\';
      line += escape;
      text.remove_prefix(1);
    } else if (is_printable_ascii(c)) {
      line += c;
      text.remove_prefix(1);
    } else {
      append_json_code_point(line, take_code_point(text));
    }
  }
  line += '"';
}

// Collects the fields of one line.
class LineWriter {
 public:
  explicit LineWriter(LogFormat format) : json_(format == LogFormat::json) {
    if (json_) line_ += '{';
  }

  void field(std::string_view key, const LogValue& value) {
    if (!first_) line_ += json_ ? ',' : ' ';
    first_ = false;
    line_ += json_ ? fmt::format("\"{}\":", key) : fmt::format("{}=", key);
    std::visit([this](const auto& inner) { append(inner); }, value.value());
  }

  std::string take() {
    if (json_) line_ += '}';
    return std::move(line_);
  }

 private:
  void append(std::string_view text) {
    if (text.size() <= kMaxLogText) {
      append_text(text);
    } else {
      append_text(std::string(text.substr(0, kMaxLogText - kCutMark.size())).append(kCutMark));
    }
  }
  void append(std::int64_t number) { fmt::format_to(std::back_inserter(line_), "{}", number); }
  void append(std::uint64_t number) { fmt::format_to(std::back_inserter(line_), "{}", number); }
  void append(bool value) { line_ += value ? "true" : "false"; }

  void append_text(std::string_view text) {
    if (json_) {
      append_json_text(line_, text);
    } else {
      append_logfmt_text(line_, text);
    }
  }

  bool json_;
  bool first_ = true;
  std::string line_;
};

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  std::abort();
}

LogKey LogKey::from_checked(std::string_view name) {
  if (!is_valid(name)) std::abort();
  return {name, Checked{}};
}

std::string format_event(const LogEvent& event, LogFormat format) {
  LineWriter writer(format);
  writer.field("time", format_time(event.time));
  writer.field("level", to_string(event.level));
  writer.field("program", event.program);
  writer.field("event", event.name.text());
  for (const LogField& field : event.fields) writer.field(field.key.text(), field.value);
  return writer.take();
}

}  // namespace baton::programs
