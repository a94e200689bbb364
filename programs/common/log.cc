#include "common/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>

namespace baton::programs {
namespace {

struct ProcessLog {
  LogConfig config;
  std::string program = "baton";
  std::shared_ptr<spdlog::logger> writer;
};

// Our own level decides; spdlog only writes. Each line is flushed, so the last one before a crash is there.
std::shared_ptr<spdlog::logger> make_writer(spdlog::sink_ptr sink) {
  auto writer = std::make_shared<spdlog::logger>("baton", std::move(sink));
  writer->set_pattern("%v");
  writer->set_level(spdlog::level::trace);
  writer->flush_on(spdlog::level::trace);
  return writer;
}

ProcessLog& process_log() {
  // Never destroyed: threads may log while the process ends.
  static ProcessLog& log =
      *new ProcessLog{{}, "baton", make_writer(std::make_shared<spdlog::sinks::stderr_sink_mt>())};
  return log;
}

}  // namespace

Result<void> start_log(const LogConfig& config, std::string program) {
  ProcessLog& log = process_log();
  if (config.file) {
    try {
      log.writer = make_writer(std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.file->string()));
    } catch (const spdlog::spdlog_ex& error) {
      return fail(ErrorCode::io, fmt::format("log.file: {}", error.what()));
    }
  } else {
    log.writer = make_writer(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  }
  log.config = config;
  log.program = std::move(program);
  return {};
}

bool logs(LogLevel level) {
  return level >= process_log().config.level;
}

void log_event(LogLevel level, LogKey event, std::span<const LogField> fields) {
  if (!logs(level)) return;
  const ProcessLog& log = process_log();
  const auto now = std::chrono::system_clock::now();
  // The text is passed as an argument of "{}" by spdlog's plain-text overload, so braces in it mean nothing.
  log.writer->log(spdlog::level::info, spdlog::string_view_t(format_event(
                                           {now, level, log.program, event, fields}, log.config.format)));
}

void log_event(LogLevel level, LogKey event, std::initializer_list<LogField> fields) {
  log_event(level, event, std::span<const LogField>(fields.begin(), fields.size()));
}

}  // namespace baton::programs
