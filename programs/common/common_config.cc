#include "common/common_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "common/files.h"

namespace baton::programs {
namespace {

constexpr std::int64_t kMaxThreads = 1024;

constexpr std::array<std::pair<std::string_view, LogLevel>, 5> kLogLevels = {{{"trace", LogLevel::trace},
                                                                              {"debug", LogLevel::debug},
                                                                              {"info", LogLevel::info},
                                                                              {"warning", LogLevel::warning},
                                                                              {"error", LogLevel::error}}};
constexpr std::array<std::pair<std::string_view, LogFormat>, 2> kLogFormats = {
    {{"logfmt", LogFormat::logfmt}, {"json", LogFormat::json}}};

constexpr std::string_view kWithTcp = "required with TCP";

}  // namespace

unsigned read_threads(TableReader& root) {
  return static_cast<unsigned>(root.integer("threads", {.fallback = 1, .min = 0, .max = kMaxThreads}));
}

unsigned resolve_threads(unsigned configured) {
  return configured != 0 ? configured : std::max(1U, std::thread::hardware_concurrency());
}

LogConfig read_log(TableReader& root, std::string_view level) {
  TableReader table = root.table("log");
  LogConfig log;
  log.level = table.choice<LogLevel>("level", level, kLogLevels);
  log.format = table.choice<LogFormat>("format", "logfmt", kLogFormats);
  if (auto file = table.optional_file("file", "standard error")) {
    log.file = std::move(file->path);
    log.file_place = std::move(file->place);
  }
  table.finish();
  return log;
}

void check_log_file(const LogConfig& log, ConfigErrors& errors) {
  if (!log.file) return;
  if (auto checked = check_appendable(*log.file); !checked)
    errors.add(log.file_place, checked.error().message);
}

std::optional<LinkTlsFiles> read_link_tls(TableReader& table, std::string_view ca_key,
                                          LinkTransport transport) {
  const auto read_one = [&](std::string_view key) {
    auto file = table.optional_file(key, kWithTcp);
    if (transport == LinkTransport::tcp && !table.has(key)) {
      table.error(table.place_of(key), "is missing: a link over TCP is mutual TLS");
    } else if (transport == LinkTransport::unix_socket && file) {
      table.error(file->place, kNotOnUnixSocket);
    }
    return file;
  };
  auto certificate = read_one("certificate");
  auto private_key = read_one("private_key");
  auto ca = read_one(ca_key);
  if (!certificate || !private_key || !ca) return std::nullopt;
  return LinkTlsFiles{std::move(*certificate), std::move(*private_key), std::move(*ca)};
}

void Duplicates::check(TableReader& table, const std::string& value, const Place& place) {
  const auto [first, is_new] = first_lines_.emplace(value, place.line);
  if (is_new) return;
  const std::string where =
      first->second == place.line ? "on this line" : fmt::format("in line {}", first->second);
  table.error(place, fmt::format("\"{}\" is listed twice, first {}", value, where));
}

}  // namespace baton::programs
