// The program's log: one structured line per event, to standard error or a file.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "common/config_errors.h"
#include "common/log_text.h"

namespace baton::programs {

struct LogConfig {
  LogLevel level = LogLevel::info;  // lower ones are dropped
  LogFormat format = LogFormat::logfmt;
  std::optional<std::filesystem::path> file;  // appended to; none: standard error
  Place file_place{};                         // where the configuration names it
};

// Sets the log of the whole process. Call it before threads start. Until then events go to standard error as
// logfmt, with the program name "baton". Errors: io, when the file cannot be opened.
[[nodiscard]] Result<void> start_log(const LogConfig& config, std::string program);

// Whether events of that level are written: for who would prepare fields in vain.
bool logs(LogLevel level);

// Writes one line at once. Any thread. An event below the level costs one comparison.
void log_event(LogLevel level, LogKey event, std::span<const LogField> fields);
void log_event(LogLevel level, LogKey event, std::initializer_list<LogField> fields = {});

}  // namespace baton::programs
