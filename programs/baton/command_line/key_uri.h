// `baton key-uri`: a key file for a program whose key is at the key stores.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "command_line/environment.h"

namespace baton::command_line {

// Writes the PEM file that names the certificate's key on `out`. The errors name the file.
[[nodiscard]] Result<void> write_key_uri(const std::filesystem::path& certificate,
                                         const Environment& environment);

}  // namespace baton::command_line
