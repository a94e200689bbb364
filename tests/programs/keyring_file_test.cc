// The file of a key ring: who may use it, and what happens to it when several change it, or one dies.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "command_line/private_file.h"
#include "programs/keyring_fixture.h"

namespace baton::command_line {
namespace {

using std::filesystem::path;
using test::commands_on;
using test::content_of;
using test::ids_of;
using test::KeyringTest;
using test::mode_of;
using test::Outcome;
using test::run_baton;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(KeyringTest, FilesArePrivateWhateverTheUmask) {
  for (const mode_t mask : {0U, 0777U}) {
    const mode_t before = umask(mask);
    const path ring = make_ring("ring" + std::to_string(mask));
    EXPECT_EQ(mode_of(ring), 0600U);
    done({"rotate", ring});
    umask(before);
    EXPECT_EQ(mode_of(ring), 0600U);
  }
}

TEST_F(KeyringTest, RefusesAFileThatOthersCanUse) {
  const path ring = make_ring();
  const std::string before = content_of(ring);
  for (const mode_t mode : {0640U, 0604U, 0620U, 0610U, 0601U}) {
    ASSERT_EQ(chmod(ring.c_str(), mode), 0);
    for (const auto& command : commands_on(ring)) {
      EXPECT_THAT(refused(command), AllOf(HasSubstr("can be used by group or others"),
                                          HasSubstr("run: chmod 600 " + ring.string())));
    }
  }
  EXPECT_EQ(content_of(ring), before);
}

TEST_F(KeyringTest, RefusesAFileOfAnotherUser) {
  struct stat status {};
  status.st_uid = 1000;
  EXPECT_TRUE(check_owner(status, 1000, "ring"));
  EXPECT_TRUE(check_owner(status, 0, "ring")) << "root may";
  const auto other = check_owner(status, 1001, "ring");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::refused);
  EXPECT_THAT(other.error().message, HasSubstr("ring belongs to user 1000"));
}

TEST_F(KeyringTest, EveryCommandLooksAtTheOwner) {
  constexpr uid_t kNobody = 65534;
  const uid_t user = geteuid();
  ASSERT_EQ(seteuid(user == 0 ? kNobody : user), 0);
  // Of root, and readable by everybody.
  std::vector<std::string> said;
  for (const auto& command : commands_on("/etc/passwd")) said.push_back(refused(command));
  ASSERT_EQ(seteuid(user), 0);
  EXPECT_THAT(said, testing::Each(StartsWith("/etc/passwd belongs to user 0")));
}

TEST_F(KeyringTest, RotationKeepsTheOwner) {
  constexpr uid_t kNobody = 65534;
  const path ring = make_ring();
  const bool root = geteuid() == 0;
  ASSERT_EQ(chown(ring.c_str(), root ? kNobody : geteuid(), root ? kNobody : getegid()), 0);
  done({"rotate", ring});
  struct stat status {};
  ASSERT_EQ(stat(ring.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, root ? kNobody : geteuid());
  EXPECT_EQ(status.st_gid, root ? kNobody : getegid());
}

TEST_F(KeyringTest, FollowsASymbolicLinkAndKeepsIt) {
  std::filesystem::create_directory(folder_.path() / "real");
  const path target = make_ring("real/ring");
  const path link = folder_.path() / "link";
  std::filesystem::create_symlink("real/ring", link);
  EXPECT_EQ(done({"list", link}), done({"list", target}));
  done({"rotate", link});
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(std::filesystem::read_symlink(link), "real/ring");
  EXPECT_FALSE(std::filesystem::is_symlink(target));
  EXPECT_EQ(ids_of(target).size(), 3U);
  EXPECT_EQ(ids_of(link), ids_of(target));
}

TEST_F(KeyringTest, RotationsAtTheSameTimeLoseNone) {
  const path ring = make_ring();
  const auto first = ids_of(ring);
  constexpr std::size_t kRotations = KeyRing::kMaxKeys - 2;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kRotations; ++i) threads.emplace_back([&] { done({"rotate", ring}); });
  for (std::thread& thread : threads) thread.join();
  const auto ids = ids_of(ring);
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), KeyRing::kMaxKeys);
  EXPECT_EQ(std::vector(ids.end() - 2, ids.end()), first);
  EXPECT_EQ(files_in_folder(), 1U);
}

TEST_F(KeyringTest, RotationsOfSeveralProcessesLoseNone) {
  const path ring = make_ring();
  std::vector<pid_t> children;
  for (std::size_t i = 0; i < KeyRing::kMaxKeys - 2; ++i) {
    children.push_back(fork());
    if (children.back() == 0) std::_Exit(static_cast<int>(run_baton({"keyring", "rotate", ring}).exit));
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(ids_of(ring).size(), KeyRing::kMaxKeys);
}

// Rotates and retires for ever, and says so with a byte each time.
[[noreturn]] void keep_changing(const path& ring, int progress) {
  for (;;) {
    if (run_baton({"keyring", "rotate", ring}).exit != Exit::ok) std::_Exit(1);
    if (run_baton({"keyring", "retire", ring, ids_of(ring).back()}).exit != Exit::ok) std::_Exit(1);
    if (write(progress, ".", 1) != 1) std::_Exit(1);
  }
}

TEST_F(KeyringTest, AProcessKilledAnywhereLeavesAWholeFile) {
  const path ring = make_ring();
  for (int round = 0; round < 20; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) keep_changing(ring, ends[1]);
    close(ends[1]);
    char byte = 0;
    for (int i = 0; i <= round % 3; ++i) ASSERT_EQ(read(ends[0], &byte, 1), 1);
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    close(ends[0]);
    ASSERT_TRUE(WIFSIGNALED(status));
    done({"list", ring});
    const std::size_t keys = ids_of(ring).size();
    ASSERT_TRUE(keys == 2 || keys == 3) << keys;
    if (keys == 3) done({"retire", ring, ids_of(ring).back()});
  }
  done({"rotate", ring});
  EXPECT_EQ(files_in_folder(), 1U) << "what a killed process has left was not removed";
}

// Runs a command in a child whose files cannot grow beyond `max_size` bytes, and gives how it ended. The
// system kills it in the middle of writing, unless it ignores the signal and sees an error instead.
int run_with_little_room(const std::vector<std::string>& command, rlim_t max_size, bool ignore_signal) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit no_core{0, 0};
    const rlimit size{max_size, max_size};
    signal(SIGXFSZ, ignore_signal ? SIG_IGN : SIG_DFL);
    if (setrlimit(RLIMIT_CORE, &no_core) != 0 || setrlimit(RLIMIT_FSIZE, &size) != 0) std::_Exit(99);
    const Outcome outcome = run_baton(command);
    std::_Exit(
        outcome.error_out.find("File too large") != std::string::npos ? 42 : static_cast<int>(outcome.exit));
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST_F(KeyringTest, ACrashInTheMiddleOfWritingLeavesTheOldFile) {
  const path ring = make_ring();
  const std::string before = content_of(ring);
  const int status = run_with_little_room({"keyring", "rotate", ring}, 200, false);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGXFSZ);
  EXPECT_EQ(content_of(ring), before);
  EXPECT_EQ(std::filesystem::file_size(folder_.path() / ".ring.baton-new"), 200U)
      << "it did not get that far";
  done({"rotate", ring});
  EXPECT_EQ(ids_of(ring).size(), 3U);
  EXPECT_EQ(files_in_folder(), 1U);
}

TEST_F(KeyringTest, AFullDiskLeavesTheOldFileAndNoOther) {
  const path ring = make_ring();
  const std::string before = content_of(ring);
  const int rotated = run_with_little_room({"keyring", "rotate", ring}, 200, true);
  EXPECT_EQ(WEXITSTATUS(rotated), 42);
  EXPECT_EQ(content_of(ring), before);
  const int created = run_with_little_room({"keyring", "create", folder_.path() / "other"}, 200, true);
  EXPECT_EQ(WEXITSTATUS(created), 42);
  EXPECT_EQ(files_in_folder(), 1U);
}

TEST_F(KeyringTest, WhatACrashHasLeftIsReplaced) {
  const path ring = make_ring();
  folder_.write(".ring.baton-new", "half of a key ring", 0644);
  done({"rotate", ring});
  EXPECT_EQ(ids_of(ring).size(), 3U);
  EXPECT_EQ(mode_of(ring), 0600U);
  EXPECT_EQ(files_in_folder(), 1U);
}

TEST_F(KeyringTest, ALinkInPlaceOfTheTemporaryFileIsNotFollowed) {
  const path ring = make_ring();
  const path victim = folder_.write("victim", "do not touch");
  std::filesystem::create_symlink(victim, folder_.path() / ".ring.baton-new");
  done({"rotate", ring});
  EXPECT_EQ(content_of(victim), "do not touch");
  EXPECT_FALSE(std::filesystem::is_symlink(ring));
}

TEST_F(KeyringTest, AFailureLeavesTheOldFile) {
  const path ring = make_ring();
  const std::string before = content_of(ring);
  std::filesystem::create_directories(folder_.path() / ".ring.baton-new" / "full");
  EXPECT_THAT(refused({"rotate", ring}), HasSubstr(".ring.baton-new"));
  EXPECT_EQ(content_of(ring), before);
}

}  // namespace
}  // namespace baton::command_line
