#include "common/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>

namespace baton::programs {
namespace {

std::string version_text(const ProgramText& program) {
  return fmt::format("{} {}", program.name, BATON_VERSION);
}

std::string footer(const ProgramText& program) {
  return fmt::format(
      "Example:\n  {}\n\nExample of a configuration file (docs/configuration.md lists every key):\n\n{}\n"
      "Exit codes: 0 ok, 1 error in the configuration, 2 error on the command line.",
      program.invocation, program.example);
}

}  // namespace

tl::expected<CommandLine, ExitCode> read_command_line(const ProgramText& program, int argc,
                                                      const char* const* argv, std::ostream& out,
                                                      std::ostream& error_out) {
  CLI::App app{std::string(program.description), std::string(program.name)};
  CommandLine parsed;
  app.add_option("--config", parsed.config, "Configuration file")->required()->type_name("FILE");
  app.add_flag("--check", parsed.check, "Check the configuration and the files it names, then end");
  app.set_version_flag("--version", version_text(program));
  app.set_help_flag("--help", "Show this text");
  app.footer(footer(program));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Its exit code is 0 for --help and --version.
    return tl::unexpected(app.exit(error, out, error_out) == 0 ? ExitCode::ok : ExitCode::usage_error);
  }
  return parsed;
}

}  // namespace baton::programs
