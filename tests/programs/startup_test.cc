#include "common/startup.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "common/common_config.h"
#include "crypto/aead_backend.h"
#include "crypto/fips.h"
#include "handshake/server.h"

namespace baton::programs {
namespace {

// In a child, since it changes the whole process and must come before OpenSSL is used. Its exit code tells
// the first thing that was wrong.
[[noreturn]] void prepare_and_inspect() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = 64;
  setrlimit(RLIMIT_NOFILE, &files);
  if (!prepare_process()) std::_Exit(1);

  rlimit core{};
  getrlimit(RLIMIT_CORE, &core);
  if (core.rlim_cur != 0 || core.rlim_max != 0) std::_Exit(2);
  if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) std::_Exit(3);
  getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur != files.rlim_max) std::_Exit(4);

  int ends[2];
  if (pipe(ends) != 0) std::_Exit(5);
  close(ends[0]);
  // With SIGPIPE this would end the process.
  if (write(ends[1], "x", 1) != -1 || errno != EPIPE) std::_Exit(6);
  std::_Exit(0);
}

TEST(StartupDeathTest, PreparesTheProcess) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(prepare_and_inspect(), testing::ExitedWithCode(0), "");
}

TEST(StartupDeathTest, MustComeBeforeOpenSslIsUsed) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        if (!handshake::ServerEndpoint::create({})) std::_Exit(1);
        const auto late = prepare_process();
        std::_Exit(!late && late.error().code == ErrorCode::crypto ? 0 : 2);
      },
      testing::ExitedWithCode(0), "");
}

// Debian has no FIPS module: a program that is told to need one does not start without.
[[noreturn]] void require_fips_and_inspect() {
  if (!prepare_process()) std::_Exit(1);
  const auto ready = prepare_cryptography(true);
  if (ready) std::_Exit(crypto::fips_is_required() ? 0 : 2);
  const std::string& message = ready.error().message;
  const bool clear =
      message.find("fips = true") != std::string::npos && message.find("openssl.cnf") != std::string::npos;
  // What was refused is not half in force.
  const auto key = crypto::make_aead_key(crypto::AeadAlgorithm::chacha20_poly1305, Bytes(32, 1));
  std::_Exit(ready.error().code == ErrorCode::refused && clear && key && !crypto::fips_is_required() ? 0 : 3);
}

TEST(StartupDeathTest, FipsIsInForceOrRefused) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(require_fips_and_inspect(), testing::ExitedWithCode(0), "");
}

// 0: this backend; 1: another one; 2: refused.
[[noreturn]] void take_backend(const char* forced, crypto::AeadBackend expected) {
  setenv("BATON_AEAD", forced, 1);
  if (!prepare_process()) std::_Exit(3);
  if (!prepare_cryptography(false)) std::_Exit(2);
  std::_Exit(crypto::aead_backend() == expected ? 0 : 1);
}

TEST(StartupDeathTest, TheEnvironmentForcesTheBackend) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(take_backend("evp", crypto::AeadBackend::evp), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(take_backend("ipsec-mb", crypto::AeadBackend::ipsec_mb),
              testing::ExitedWithCode(crypto::ipsec_mb_is_usable() ? 0 : 2), "");
  EXPECT_EXIT(take_backend("fast", crypto::AeadBackend::evp), testing::ExitedWithCode(2), "");
}

TEST(Threads, ZeroIsOnePerCore) {
  EXPECT_EQ(resolve_threads(3), 3U);
  EXPECT_GE(resolve_threads(0), 1U);
}

}  // namespace
}  // namespace baton::programs
