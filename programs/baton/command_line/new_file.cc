#include "command_line/new_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace baton::command_line {
namespace {

using std::filesystem::path;

constexpr mode_t kPrivateMode = 0600;

// A new name is on the disk when its folder is.
Result<void> sync_folder_of(const path& file) {
  const int descriptor = ::open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error_number = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (synced) return {};
  return fail(ErrorCode::io, fmt::format("{} was written, but may be lost if the machine fails now: {}",
                                         file.string(), std::generic_category().message(error_number)));
}

}  // namespace

tl::unexpected<Error> file_failure(std::string_view what, const path& file, int error_number) {
  return fail(ErrorCode::io, fmt::format("cannot {} {}: {}", what, file.string(),
                                         std::generic_category().message(error_number)));
}

path folder_of(const path& file) {
  return file.has_parent_path() ? file.parent_path() : path(".");
}

NewFile::NewFile(path file, int descriptor) : path_(std::move(file)), descriptor_(descriptor) {}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), kept_(other.kept_) {}

NewFile::~NewFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!kept_) ::unlink(path_.c_str());
}

Result<NewFile> NewFile::create(const path& file) {
  // O_EXCL: never through a link that somebody has laid there.
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivateMode);
  if (descriptor >= 0) return NewFile(file, descriptor);
  if (errno != EEXIST) return file_failure("create", file, errno);
  return fail(ErrorCode::refused, fmt::format("{} exists already and is left as it is; remove it first if "
                                              "nothing needs it any more",
                                              file.string()));
}

Result<void> NewFile::give_to_owner_of(const struct stat& other) const {
  const int given = ::fchown(descriptor_, other.st_uid, other.st_gid);
  // A group that we are not in is not worth a failure, as the mode gives it nothing.
  if (given != 0 && other.st_uid != ::geteuid()) return file_failure("change the owner of", path_, errno);
  return {};
}

Result<void> NewFile::write(ByteView content) const {
  // The umask may have taken bits away.
  if (::fchmod(descriptor_, kPrivateMode) != 0) return file_failure("write", path_, errno);
  while (!content.empty()) {
    const ssize_t count = ::write(descriptor_, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_failure("write", path_, errno);
    content = content.subspan(static_cast<std::size_t>(count));
  }
  if (::fsync(descriptor_) != 0) return file_failure("write", path_, errno);
  return {};
}

Result<void> NewFile::keep() {
  kept_ = true;
  return sync_folder_of(path_);
}

Result<void> NewFile::keep_as(const path& name) {
  if (std::rename(path_.c_str(), name.c_str()) != 0) return file_failure("replace", name, errno);
  path_ = name;
  return keep();
}

}  // namespace baton::command_line
