// `baton keyring`: what it says, and what it refuses.
#include <sys/stat.h>

#include <map>

#include "programs/keyring_fixture.h"

namespace baton::command_line {
namespace {

using std::filesystem::path;
using test::commands_on;
using test::content_of;
using test::ids_of;
using test::KeyringTest;
using test::run_baton;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// The secrets of a ring, as they stand in its text.
std::vector<std::string> secrets_of(const path& file) {
  std::istringstream text(content_of(file));
  std::vector<std::string> secrets;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("key ")) secrets.push_back(line.substr(line.rfind(' ') + 1));
  }
  return secrets;
}

TEST_F(KeyringTest, CreatesListsRotatesAndRetires) {
  const path ring = folder_.path() / "ring";
  EXPECT_THAT(done({"create", ring}),
              AllOf(StartsWith(ring.string() + ": created"), HasSubstr("Next: copy " + ring.string())));
  const auto first = ids_of(ring);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(done({"list", ring}), "ID                STATE    CREATED\n" + first[0] +
                                      "  next     2027-01-15T08:00:00Z\n" + first[1] +
                                      "  current  2027-01-15T08:00:00Z\n");

  const std::string rotated = done({"rotate", ring});
  EXPECT_THAT(rotated,
              AllOf(StartsWith(ring.string() + ": rotated"), HasSubstr("Next: copy " + ring.string()),
                    HasSubstr("rotate again only when all of them have read it")));
  const auto second = ids_of(ring);
  EXPECT_THAT(second, ElementsAre(testing::_, first[0], first[1]));
  const std::string table = done({"list", ring});
  EXPECT_THAT(table, AllOf(HasSubstr(first[0] + "  current "), HasSubstr(first[1] + "  previous ")));
  EXPECT_THAT(rotated, HasSubstr(table));

  EXPECT_THAT(done({"retire", ring, first[1]}),
              AllOf(HasSubstr("retired key " + first[1]), HasSubstr("Next: copy " + ring.string())));
  EXPECT_THAT(ids_of(ring), ElementsAre(second[0], first[0]));
  EXPECT_EQ(files_in_folder(), 1U) << "something was left behind";
}

TEST_F(KeyringTest, ListsAsJson) {
  const path ring = make_ring();
  done({"rotate", ring});
  const auto ids = ids_of(ring);
  const std::string created = R"(","created":"2027-01-15T08:00:00Z"})";
  EXPECT_EQ(done({"list", ring, "--json"}), R"({"keys":[{"id":")" + ids[0] + R"(","state":"next)" + created +
                                                R"(,{"id":")" + ids[1] + R"(","state":"current)" + created +
                                                R"(,{"id":")" + ids[2] + R"(","state":"previous)" + created +
                                                "]}\n");
}

TEST_F(KeyringTest, NeverShowsASecret) {
  const path ring = folder_.path() / "ring";
  std::string said = done({"create", ring});
  auto secrets = secrets_of(ring);
  said += done({"rotate", ring}) + done({"list", ring}) + done({"list", ring, "--json"});
  const auto more = secrets_of(ring);
  said += done({"retire", ring, ids_of(ring).back()});
  secrets.insert(secrets.end(), more.begin(), more.end());
  // A secret that was pasted in place of an id, or of the file's name by a slip, is not repeated.
  said += refused({"retire", ring, secrets.front()});
  ASSERT_EQ(secrets.size(), 5U);
  for (const std::string& secret : secrets) {
    ASSERT_EQ(secret.size(), 64U);
    EXPECT_THAT(said, Not(HasSubstr(secret)));
    EXPECT_THAT(said, Not(HasSubstr(secret.substr(0, 16))));
  }
}

TEST_F(KeyringTest, CreateOverwritesNothing) {
  const path file = folder_.write("precious", "do not touch");
  EXPECT_THAT(refused({"create", file}),
              AllOf(HasSubstr(file.string()), HasSubstr("exists already"), HasSubstr("remove it first")));
  EXPECT_EQ(content_of(file), "do not touch");

  const path link = folder_.path() / "link";
  std::filesystem::create_symlink(folder_.path() / "nowhere", link);
  EXPECT_THAT(refused({"create", link}), HasSubstr("exists already"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "nowhere"));
  EXPECT_EQ(run_baton({"keyring", "create", file, "--force"}).exit, Exit::usage_error);
}

TEST_F(KeyringTest, CreateNeedsAFolder) {
  const path file = folder_.path() / "missing" / "ring";
  EXPECT_EQ(refused({"create", file}), "cannot create " + file.string() + ": No such file or directory\n");
}

TEST_F(KeyringTest, AFullRingSaysWhatToDo) {
  const path ring = make_ring();
  for (std::size_t keys = 2; keys < KeyRing::kMaxKeys; ++keys) done({"rotate", ring});
  const std::string before = content_of(ring);
  EXPECT_THAT(refused({"rotate", ring}),
              AllOf(StartsWith(ring.string() + ": the key ring is full"), HasSubstr("retire a previous one"),
                    HasSubstr("baton keyring list " + ring.string())));
  EXPECT_EQ(content_of(ring), before);
}

TEST_F(KeyringTest, OnlyPreviousKeysAreRetired) {
  const path ring = make_ring();
  const std::string before = content_of(ring);
  const auto ids = ids_of(ring);
  EXPECT_THAT(refused({"retire", ring, ids[0]}), HasSubstr("is the next one"));
  EXPECT_THAT(refused({"retire", ring, ids[1]}), HasSubstr("is the current one"));
  EXPECT_THAT(refused({"retire", ring, "0123456789abcdef"}), HasSubstr("has no key 0123456789abcdef"));
  EXPECT_THAT(refused({"retire", ring, "current"}), HasSubstr("16 hexadecimal digits"));
  EXPECT_EQ(content_of(ring), before);
}

TEST_F(KeyringTest, RefusesWhatIsNoRing) {
  const path fifo = folder_.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const std::map<std::string, path> wrong = {
      {"not a regular file", folder_.path()},
      {"it is not a regular file", fifo},
      {"No such file or directory", folder_.path() / "missing"},
      {":1: not a key ring", folder_.write("text", "hello\n")},
      {"empty:1: ", folder_.write("empty", "")},
      {"more than 16384 bytes", folder_.write("large", std::string(16385, '#'))},
      {"cannot read key ring version 2, newest known is 1", folder_.write("newer", "baton-key-ring 2\n")}};
  for (const auto& [expected, file] : wrong) {
    for (const auto& command : commands_on(file)) {
      EXPECT_THAT(refused(command), AllOf(HasSubstr(expected), HasSubstr(file.string())));
    }
  }
}

TEST_F(KeyringTest, NamesOfCommandsAreFileNamesToo) {
  const path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  for (const std::string name : {"list", "keyring", "inspect"}) {
    done({"create", name});
    done({"rotate", name});
    EXPECT_EQ(ids_of(name).size(), 3U);
  }
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace baton::command_line
