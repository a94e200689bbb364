#include "common/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace baton::programs {
namespace {

constexpr mode_t kOthersMask = 077;  // permissions of group and others
constexpr mode_t kModeMask = 07777;

class OpenFile {
 public:
  // O_NONBLOCK: opening a named pipe must not wait for its other end.
  explicit OpenFile(const std::filesystem::path& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

tl::unexpected<Error> io_failure(const std::filesystem::path& path, int error_number) {
  return fail(ErrorCode::io, fmt::format("cannot read {}: {}", path.string(),
                                         std::generic_category().message(error_number)));
}

// The size that fstat() gave is where reading starts; the file may grow meanwhile, so the bytes that arrive
// are counted.
template <class Container>
Result<Container> read_bytes(int descriptor, const std::filesystem::path& path, std::size_t size,
                             std::size_t max_size) {
  Container content;
  std::size_t filled = 0;
  for (;;) {
    // One byte of room more than expected, so that the end is seen without growing.
    if (filled == content.size()) content.resize(std::min(std::max(size, 2 * filled), max_size) + 1);
    const ssize_t count = ::read(descriptor, content.data() + filled, content.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_failure(path, errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
    if (filled > max_size) {
      return fail(ErrorCode::limit_exceeded,
                  fmt::format("{} has more than {} bytes", path.string(), max_size));
    }
  }
  content.resize(filled);
  return content;
}

std::size_t size_of(const struct stat& status) {
  return static_cast<std::size_t>(status.st_size);
}

}  // namespace

// By looking only: whoever reads a named pipe would take an open and a close for its end.
Result<void> check_appendable(const std::filesystem::path& path) {
  const auto failed = [&path](int error_number) {
    return fail(ErrorCode::io, fmt::format("cannot write {}: {}", path.string(),
                                           std::generic_category().message(error_number)));
  };
  const auto permits = [](const std::filesystem::path& file, int mode) {
    return ::access(file.c_str(), mode) == 0;
  };
  if (!path.has_filename()) return failed(EISDIR);
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return failed(EISDIR);
    if (S_ISSOCK(status.st_mode)) return failed(ENXIO);
    return permits(path, W_OK) ? Result<void>() : failed(errno);
  }
  if (errno != ENOENT) return failed(errno);
  std::error_code error;
  auto folder = std::filesystem::absolute(path, error).parent_path();
  if (error) return failed(error.value());
  while (folder.has_relative_path() && ::stat(folder.c_str(), &status) != 0 && errno == ENOENT) {
    folder = folder.parent_path();
  }
  return permits(folder, W_OK | X_OK) ? Result<void>() : failed(errno);
}

Result<struct stat> inspect_regular_file(int descriptor, const std::filesystem::path& path) {
  struct stat status {};
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0) return io_failure(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::io, fmt::format("cannot read {}: it is not a regular file", path.string()));
  }
  return status;
}

Result<void> check_private(const struct stat& status, const std::filesystem::path& path) {
  if ((status.st_mode & kOthersMask) == 0) return {};
  return fail(ErrorCode::refused,
              fmt::format("{0} can be used by group or others (mode {1:04o}); run: chmod 600 {0}",
                          path.string(), status.st_mode & kModeMask));
}

Result<SecretBuffer> read_secret_descriptor(int descriptor, const std::filesystem::path& name,
                                            std::size_t max_size) {
  return read_bytes<SecretBuffer>(descriptor, name, 0, max_size);
}

Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t max_size) {
  const OpenFile file(path);
  auto status = inspect_regular_file(file.descriptor(), path);
  if (!status) return pass_on(status);
  return read_bytes<std::string>(file.descriptor(), path, size_of(*status), max_size);
}

Result<SecretBuffer> read_secret_file(const std::filesystem::path& path, std::size_t max_size) {
  const OpenFile file(path);
  auto status = inspect_regular_file(file.descriptor(), path);
  if (!status) return pass_on(status);
  if (auto owner_only = check_private(*status, path); !owner_only) return pass_on(owner_only);
  return read_bytes<SecretBuffer>(file.descriptor(), path, size_of(*status), max_size);
}

Result<SecretFile> read_secret_file_of_any_mode(const std::filesystem::path& path, std::size_t max_size) {
  const OpenFile file(path);
  auto status = inspect_regular_file(file.descriptor(), path);
  if (!status) return pass_on(status);
  auto content = read_bytes<SecretBuffer>(file.descriptor(), path, size_of(*status), max_size);
  if (!content) return pass_on(content);
  return SecretFile{std::move(*content), *status};
}

}  // namespace baton::programs
