// The program `baton`: docs/command-line.md.
#pragma once

#include <string>
#include <vector>

#include "command_line/environment.h"

namespace baton::command_line {

// For scripts.
enum class Exit { ok = 0, failed = 1, usage_error = 2 };

// Does what the arguments say; argv[0] is the program's name. What cannot be done is told on
// `environment.error_out`.
Exit run(int argc, const char* const* argv, const Environment& environment);

// Every command in full, such as "keyring create", for the documentation.
std::vector<std::string> command_names();

}  // namespace baton::command_line
