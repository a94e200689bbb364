// The command line that every daemon of Baton has.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string_view>
#include <tl/expected.hpp>

namespace baton::programs {

// Exit codes, also for scripts.
enum class ExitCode { ok = 0, configuration_error = 1, usage_error = 2 };

// What --help says. All of it is shown as written.
struct ProgramText {
  std::string_view name;         // "baton-keystore"
  std::string_view description;  // one sentence
  std::string_view invocation;   // an example that can be copied
  std::string_view example;      // a small configuration file that can be copied
};

struct CommandLine {
  std::filesystem::path config;
  bool check = false;  // read the configuration and the files it names, report, and end
};

// Reads --config FILE, --check, --version and --help. Where the program has to end at once (--help,
// --version, a wrong argument), what there is to say was written to `out` or `error_out`, and the result is
// the exit code.
tl::expected<CommandLine, ExitCode> read_command_line(const ProgramText& program, int argc,
                                                      const char* const* argv, std::ostream& out,
                                                      std::ostream& error_out);

}  // namespace baton::programs
