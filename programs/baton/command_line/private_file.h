// Files that hold secrets, and how they change: whole, or not at all.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <filesystem>

#include "base/error.h"
#include "base/secret.h"

namespace baton::command_line {

// Makes a file of mode 0600 and writes it to the disk. Where there is anything of that name, also a symbolic
// link that leads nowhere, it is left alone. Errors: refused, when the name is taken; io.
[[nodiscard]] Result<void> create_private_file(const std::filesystem::path& path, ByteView content);

// `refused` when the file belongs to somebody else than `user`, who is not root.
[[nodiscard]] Result<void> check_owner(const struct stat& status, uid_t user,
                                       const std::filesystem::path& path);

// A regular file that belongs to us and that nobody else can use. Symbolic links are followed once, at
// opening.
class PrivateFile {
 public:
  // Errors: io; refused, for its owner or its mode.
  static Result<PrivateFile> open(const std::filesystem::path& path);

  // The same, and waits until nobody else has it open in this way. So of several that read, change and
  // replace at the same time, each works on what the one before it has left.
  static Result<PrivateFile> open_for_change(const std::filesystem::path& path);

  PrivateFile(PrivateFile&& other) noexcept;
  PrivateFile& operator=(PrivateFile&& other) = delete;
  ~PrivateFile();

  // Its content, once. Errors: io, limit_exceeded.
  [[nodiscard]] Result<SecretBuffer> read(std::size_t max_size) const;

  // Puts a new file of the same owner in its place, of mode 0600. Whatever ends this process or the machine,
  // the name stands for the old content or the new one, whole. Only of a file opened for change. Errors: io;
  // nothing was changed then, or the message says that it was.
  [[nodiscard]] Result<void> replace(ByteView content) const;

 private:
  PrivateFile(std::filesystem::path path, int descriptor);

  [[nodiscard]] Result<void> check(const std::filesystem::path& name) const;
  [[nodiscard]] Result<void> lock() const;
  [[nodiscard]] bool is_still_there() const;

  std::filesystem::path path_;  // without symbolic links
  int descriptor_;
};

}  // namespace baton::command_line
