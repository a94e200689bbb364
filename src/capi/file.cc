#include "capi/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace baton::capi {
namespace {

constexpr std::size_t kMaxFileSize = std::size_t{1} << 20;
constexpr std::size_t kFirstRead = 16 * 1024;

struct OpenFile {
  // O_NONBLOCK: opening a named pipe must not wait for its other end.
  explicit OpenFile(const char* path) : descriptor(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor >= 0) ::close(descriptor);
  }
  const int descriptor;
};

tl::unexpected<Error> cannot_read(const char* path) {
  return fail(ErrorCode::io,
              std::string("cannot read ") + path + ": " + std::generic_category().message(errno));
}

}  // namespace

Result<SecretBuffer> read_file(const char* path) {
  const OpenFile file(path);
  if (file.descriptor < 0) return cannot_read(path);
  SecretBuffer content;
  std::size_t filled = 0;
  for (;;) {
    if (filled > kMaxFileSize) {
      return fail(ErrorCode::limit_exceeded, std::string(path) + " has more than 1 MiB");
    }
    if (filled == content.size()) content.resize(filled + std::max(filled, kFirstRead));
    const ssize_t count = ::read(file.descriptor, content.data() + filled, content.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(path);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  content.resize(filled);
  return content;
}

}  // namespace baton::capi
