// Reading the files that a configuration or an operator names.
#pragma once

#include <sys/stat.h>

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

// As read_secret_file, where the caller decides what to say of the mode.
struct SecretFile {
  SecretBuffer content;
  struct stat status;
};
[[nodiscard]] Result<SecretFile> read_secret_file_of_any_mode(const std::filesystem::path& path,
                                                              std::size_t max_size);

// What a descriptor has, up to the end, for example of standard input. `name` stands in the errors.
[[nodiscard]] Result<SecretBuffer> read_secret_descriptor(int descriptor, const std::filesystem::path& name,
                                                          std::size_t max_size);

// Whether the file can be written at its end, or made where there is none, with the folders that it lacks.
// Nothing is opened or made. Errors: io.
[[nodiscard]] Result<void> check_appendable(const std::filesystem::path& path);

// The status of an open file. Errors: io, also when it is not a regular file.
[[nodiscard]] Result<struct stat> inspect_regular_file(int descriptor, const std::filesystem::path& path);

// Whether nobody but the owner may read the file: see read_secret_file.
[[nodiscard]] Result<void> check_private(const struct stat& status, const std::filesystem::path& path);

}  // namespace baton::programs
