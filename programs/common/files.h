// Reading the files that a configuration names.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace baton::programs {

// A whole regular file of at most `max_size` bytes. Errors: io and limit_exceeded, naming the file.
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t max_size);

// As read_text_file, for a file that nobody but its owner may read: mode & 077 must be 0, else `refused` with
// the command that corrects it. The mode is that of the file that is read, not of a path looked up before.
[[nodiscard]] Result<SecretBuffer> read_secret_file(const std::filesystem::path& path, std::size_t max_size);

}  // namespace baton::programs
