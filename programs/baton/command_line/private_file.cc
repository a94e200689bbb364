#include "command_line/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "command_line/new_file.h"
#include "common/files.h"

namespace baton::command_line {
namespace {

using std::filesystem::path;

// Each attempt more means that somebody else has replaced the file meanwhile.
constexpr int kMaxLockAttempts = 1000;

// One fixed name, so that what a crash has left behind, secrets as well, is found and removed.
path temporary_name_of(const path& file) {
  return folder_of(file) / ("." + file.filename().string() + ".baton-new");
}

}  // namespace

Result<void> create_private_file(const path& file, ByteView content) {
  auto created = NewFile::create(file);
  if (!created) return pass_on(created);
  if (auto written = created->write(content); !written) return written;
  return created->keep();
}

Result<void> check_owner(const struct stat& status, uid_t user, const path& file) {
  if (user == 0 || status.st_uid == user) return {};
  return fail(ErrorCode::refused,
              fmt::format("{} belongs to user {}, who can change it, and this is user {}; "
                          "run this as its owner, or give the file to user {}",
                          file.string(), status.st_uid, user, user));
}

PrivateFile::PrivateFile(path file, int descriptor) : path_(std::move(file)), descriptor_(descriptor) {}

PrivateFile::PrivateFile(PrivateFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

PrivateFile::~PrivateFile() {
  if (descriptor_ >= 0) ::close(descriptor_);  // which ends the lock
}

Result<PrivateFile> PrivateFile::open(const path& file) {
  std::error_code error;
  const path target = std::filesystem::canonical(file, error);
  if (error) return file_failure("read", file, error.value());
  // O_NONBLOCK: opening a named pipe must not wait for its other end.
  PrivateFile opened(target, ::open(target.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (opened.descriptor_ < 0) return file_failure("read", file, errno);
  if (auto checked = opened.check(file); !checked) return pass_on(checked);
  return opened;
}

Result<PrivateFile> PrivateFile::open_for_change(const path& file) {
  for (int attempt = 0; attempt < kMaxLockAttempts; ++attempt) {
    auto opened = open(file);
    if (!opened) return opened;
    if (auto locked = opened->lock(); !locked) return pass_on(locked);
    // While we waited, another may have put a new file in its place: then we hold the lock of the old one.
    if (opened->is_still_there()) return opened;
  }
  return fail(
      ErrorCode::io,
      fmt::format("{} is replaced again and again; try again when nothing else changes it", file.string()));
}

// `name` is what the caller calls it.
Result<void> PrivateFile::check(const path& name) const {
  auto status = programs::inspect_regular_file(descriptor_, name);
  if (!status) return pass_on(status);
  if (auto ours = check_owner(*status, ::geteuid(), name); !ours) return ours;
  return programs::check_private(*status, name);
}

Result<void> PrivateFile::lock() const {
  while (::flock(descriptor_, LOCK_EX) != 0) {
    if (errno != EINTR) return file_failure("lock", path_, errno);
  }
  return {};
}

bool PrivateFile::is_still_there() const {
  struct stat held {};
  struct stat named {};
  return ::fstat(descriptor_, &held) == 0 && ::lstat(path_.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

Result<SecretBuffer> PrivateFile::read(std::size_t max_size) const {
  return programs::read_secret_descriptor(descriptor_, path_, max_size);
}

Result<void> PrivateFile::replace(ByteView content) const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return file_failure("replace", path_, errno);
  const path temporary = temporary_name_of(path_);
  // We hold the lock, so whoever made it is gone.
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) return file_failure("remove", temporary, errno);
  auto created = NewFile::create(temporary);
  if (!created) return pass_on(created);
  if (auto given = created->give_to_owner_of(status); !given) return given;
  if (auto written = created->write(content); !written) return written;
  return created->keep_as(path_);
}

}  // namespace baton::command_line
