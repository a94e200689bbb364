// What the tests of `baton keyring` have in common.
#pragma once

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "baton/key_ring.h"
#include "programs/baton_command.h"
#include "programs/temporary_folder.h"

namespace baton::test {

using command_line::Exit;

inline KeyRing parse(const std::filesystem::path& file) {
  const std::string text = content_of(file);
  return KeyRing::parse_unprotected(as_bytes(text), file.string()).value();
}

// Newest first.
inline std::vector<std::string> ids_of(const std::filesystem::path& file) {
  std::vector<std::string> ids;
  for (const KeyInfo& key : parse(file).keys()) ids.push_back(key.id);
  return ids;
}

// The file system, and commands on it.
class KeyringTest : public testing::Test {
 protected:
  Outcome keyring(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "keyring");
    return run_baton(arguments);
  }
  // Runs a command that must succeed and say nothing on standard error.
  std::string done(std::vector<std::string> arguments) {
    const Outcome outcome = keyring(std::move(arguments));
    EXPECT_EQ(outcome.exit, Exit::ok);
    EXPECT_EQ(outcome.error_out, "");
    return outcome.out;
  }
  // Runs a command that must fail, and gives what it says.
  std::string refused(std::vector<std::string> arguments) {
    const Outcome outcome = keyring(std::move(arguments));
    EXPECT_EQ(outcome.exit, Exit::failed);
    EXPECT_EQ(outcome.out, "");
    return outcome.error_out;
  }
  std::filesystem::path make_ring(const std::string& name = "ring") {
    done({"create", folder_.path() / name});
    return folder_.path() / name;
  }
  std::size_t files_in_folder() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }

  test::TemporaryFolder folder_;
};

// Every command that reads a ring, with the file in its place.
inline std::vector<std::vector<std::string>> commands_on(const std::filesystem::path& file) {
  return {{"list", file}, {"rotate", file}, {"retire", file, "0123456789abcdef"}};
}

}  // namespace baton::test
