// Private files that come to be: written down to the disk, or not there.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "baton/bytes.h"

namespace baton::command_line {

// "cannot WHAT FILE: " and the system's text for the error.
[[nodiscard]] tl::unexpected<Error> file_failure(std::string_view what, const std::filesystem::path& file,
                                                 int error_number);

// The folder that holds the name of a file.
std::filesystem::path folder_of(const std::filesystem::path& file);

// A file of mode 0600 that is being written. Unless it is kept, it is removed at the end.
class NewFile {
 public:
  // Errors: refused, when anything of this name is there; io.
  static Result<NewFile> create(const std::filesystem::path& file);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&& other) = delete;
  ~NewFile();

  // Gives it the owner that another file has, and the group where we may. Error: io.
  [[nodiscard]] Result<void> give_to_owner_of(const struct stat& other) const;
  // Writes all, down to the disk. Error: io.
  [[nodiscard]] Result<void> write(ByteView content) const;
  // It stays under its name, which is written down to the disk as well. Error: io; it stays nevertheless.
  [[nodiscard]] Result<void> keep();
  // It stays under another name, in place of what has that name now. The name must be in the same folder.
  // Errors: io, before the change; or after it, as keep().
  [[nodiscard]] Result<void> keep_as(const std::filesystem::path& name);

 private:
  NewFile(std::filesystem::path file, int descriptor);

  std::filesystem::path path_;
  int descriptor_;
  bool kept_ = false;
};

}  // namespace baton::command_line
