#include "common/startup.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "crypto/aead_backend.h"
#include "crypto/fips.h"
#include "crypto/library.h"

namespace baton::programs {
namespace {

tl::unexpected<Error> call_failed(std::string_view call) {
  return fail(ErrorCode::io, fmt::format("{}: {}", call, std::generic_category().message(errno)));
}

Result<void> keep_memory_private() {
  const rlimit no_core{0, 0};
  if (setrlimit(RLIMIT_CORE, &no_core) != 0) return call_failed("setrlimit(RLIMIT_CORE)");
  // A core dump that is piped to a program (core_pattern "|...") ignores RLIMIT_CORE but not this.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return call_failed("prctl(PR_SET_DUMPABLE)");
  return {};
}

Result<void> raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return call_failed("getrlimit(RLIMIT_NOFILE)");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return call_failed("setrlimit(RLIMIT_NOFILE)");
  return {};
}

}  // namespace

Result<void> prepare_process() {
  if (auto library = crypto::start_library(); !library) return library;
  if (auto memory = keep_memory_private(); !memory) return memory;
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return call_failed("signal(SIGPIPE)");
  return raise_descriptor_limit();
}

Result<void> prepare_cryptography(bool fips) {
  if (fips) {
    if (auto required = crypto::require_fips(); !required) return required;
  }
  auto backend = crypto::aead_backend();
  if (!backend) return pass_on(backend);
  return {};
}

}  // namespace baton::programs
