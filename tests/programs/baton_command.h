// Runs commands of `baton` in this process.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "command_line/run.h"
#include "common/files.h"

namespace baton::test {

struct Outcome {
  command_line::Exit exit;
  std::string out, error_out;
};

inline constexpr UnixTime kCommandTime{std::chrono::seconds{1'800'000'000}};  // 2027-01-15T08:00:00Z

// At a time of its own, and with a descriptor that is standard input.
inline Outcome run_baton(const std::vector<std::string>& arguments, UnixTime now = kCommandTime,
                         int input = -1) {
  std::vector<const char*> argv = {"baton"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out, error_out;
  const auto exit =
      command_line::run(static_cast<int>(argv.size()), argv.data(), {input, out, error_out, now});
  return {exit, out.str(), error_out.str()};
}

inline std::string content_of(const std::filesystem::path& file) {
  return programs::read_text_file(file, 16 * 1024 * 1024).value();
}

inline mode_t mode_of(const std::filesystem::path& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

}  // namespace baton::test
