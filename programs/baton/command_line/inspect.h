// `baton inspect`: a look into a serialized connection, sealed or not.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"
#include "command_line/environment.h"

namespace baton::command_line {

struct InspectOptions {
  std::string file;  // "-": standard input
  std::optional<std::filesystem::path> keyring;
  bool as_json = false;
};

// Shows what the file holds on `out`, and what the operator should know besides on `error_out`. It spends no
// claim and changes nothing. The errors name the file.
[[nodiscard]] Result<void> inspect(const InspectOptions& options, const Environment& environment);

}  // namespace baton::command_line
