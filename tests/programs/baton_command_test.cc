// The command line of `baton`: its help, its errors, and the document about it.
#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "command_line/json.h"
#include "command_line/text.h"
#include "programs/baton_command.h"
#include "programs/temporary_folder.h"

namespace baton::command_line {
namespace {

using std::filesystem::path;
using test::content_of;
using test::kCommandTime;
using test::Outcome;
using test::run_baton;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

const path kSource = BATON_SOURCE_DIR;

std::string document() {
  return content_of(kSource / "docs/command-line.md");
}

// "keyring create" as two arguments, and --help.
std::vector<std::string> help_of(const std::string& command) {
  std::istringstream words(command);
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  arguments.emplace_back("--help");
  return arguments;
}

TEST(BatonCommand, HasTheseCommands) {
  EXPECT_THAT(command_names(), testing::ElementsAre("keyring create", "keyring rotate", "keyring list",
                                                    "keyring retire", "inspect", "key-uri"));
}

TEST(BatonCommand, SaysItsVersion) {
  const Outcome outcome = run_baton({"--version"});
  EXPECT_EQ(outcome.exit, Exit::ok);
  EXPECT_EQ(outcome.out, "baton " BATON_VERSION "\n");
  EXPECT_EQ(outcome.error_out, "");
}

TEST(BatonCommand, HelpNamesTheGroups) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--help"}, {"keyring", "--help"}}) {
    const Outcome outcome = run_baton(arguments);
    EXPECT_EQ(outcome.exit, Exit::ok);
    EXPECT_EQ(outcome.error_out, "");
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("Example:\n  baton "), HasSubstr("Exit codes: 0 ok, 1 ")));
  }
  EXPECT_THAT(run_baton({"--help"}).out, AllOf(HasSubstr("  keyring "), HasSubstr("  inspect ")));
}

TEST(BatonCommand, EveryCommandHasAnExampleInItsHelp) {
  for (const std::string& command : command_names()) {
    const Outcome outcome = run_baton(help_of(command));
    EXPECT_EQ(outcome.exit, Exit::ok);
    EXPECT_EQ(outcome.error_out, "");
    EXPECT_THAT(outcome.out, HasSubstr("Example:\n  baton " + command + " ")) << command;
  }
}

TEST(BatonCommand, WrongUsageIsReportedOnStandardError) {
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"keyring"},
                                                       {"keys"},
                                                       {"-h"},
                                                       {"keyring", "create"},
                                                       {"keyring", "create", "a", "b"},
                                                       {"keyring", "rotate", "a", "--json"},
                                                       {"keyring", "retire", "a"},
                                                       {"keyring", "list", "a", "list", "b"},
                                                       {"inspect"},
                                                       {"inspect", "a", "b"},
                                                       {"inspect", "a", "--keyring"},
                                                       {"inspect", "a", "--jsn"},
                                                       {"inspect", "a", "keyring", "list", "b"}};
  for (const auto& arguments : wrong) {
    const Outcome outcome = run_baton(arguments);
    EXPECT_EQ(outcome.exit, Exit::usage_error) << testing::PrintToString(arguments);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.error_out, HasSubstr("--help"));
  }
}

TEST(BatonCommand, OutputThatIsLostIsAnError) {
  test::TemporaryFolder folder;
  const std::string ring = folder.path() / "ring";
  std::ostringstream out, error_out;
  out.setstate(std::ios::badbit);
  const char* argv[] = {"baton", "keyring", "create", ring.c_str()};
  EXPECT_EQ(run(4, argv, {-1, out, error_out, kCommandTime}), Exit::failed);
  EXPECT_EQ(error_out.str(), "cannot write to standard output\n");
}

TEST(BatonCommandText, TablesHaveAlignedColumnsAndNoTrailingSpaces) {
  EXPECT_EQ(align({{"a", "bb"}, {"ccc", "d"}, {"e"}}), "a    bb\nccc  d\ne\n");
  EXPECT_EQ(align({}), "");
}

TEST(BatonCommandText, TimesReachFrom1970To9999) {
  EXPECT_EQ(iso_time(UnixTime{}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(iso_time(UnixTime{std::chrono::seconds{253'402'300'799}}), "9999-12-31T23:59:59Z");
}

TEST(BatonCommandJson, WritesEveryKindOfValue) {
  JsonObject inner;
  inner.add("text", "a\"b");
  JsonArray array;
  array.add(1);
  array.add(inner);
  JsonObject json;
  json.add("large", std::uint64_t{18446744073709551615U});
  json.add("small", std::int64_t{-1});
  json.add("yes", true);
  json.add("array", array);
  json.add("none", std::optional<std::uint16_t>{});
  json.add("some", std::optional<bool>{false});
  json.add("empty", JsonArray{});
  json.add("emoji", "\xf0\x9f\x98\x80");
  EXPECT_EQ(json.text(),
            "{\"large\":18446744073709551615,\"small\":-1,\"yes\":true,\"array\":[1,{\"text\":"
            "\"a\\u0022b\"}],\"none\":null,\"some\":false,\"empty\":[],\"emoji\":\"\\ud83d\\ude00\"}");
}

TEST(BatonCommandDocument, HasAPartForEveryCommand) {
  for (const std::string& command : command_names()) {
    EXPECT_THAT(document(), HasSubstr("\n### baton " + command + "\n"));
  }
}

std::set<std::string> matches_of(const std::string& pattern, const std::string& text) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), regex); match != std::sregex_iterator();
       ++match) {
    found.insert((*match)[1].str());
  }
  return found;
}

// Inspects the golden envelope; a copy of its ring is put into the folder.
std::string inspect_golden(const test::TemporaryFolder& folder, const std::vector<std::string>& options) {
  const path golden = kSource / "tests/golden/envelope";
  std::vector<std::string> arguments = {"inspect", golden / "v1.bin", "--keyring",
                                        folder.write("ring", content_of(golden / "keyring"))};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run_baton(arguments).out;
}

TEST(BatonCommandDocument, ListsExactlyTheKeysOfJson) {
  test::TemporaryFolder folder;
  const path with_field = kSource / "tests/golden/v1/TLS_AES_128_GCM_SHA256-server-everything.bin";
  std::string output = inspect_golden(folder, {"--json"});  // which makes the ring
  output += run_baton({"inspect", with_field, "--json"}).out;
  output += run_baton({"keyring", "list", folder.path() / "ring", "--json"}).out;
  const auto keys = matches_of("\"([a-z0-9_]+)\":", output);
  EXPECT_GT(keys.size(), 40U);
  // Rows of tables: | `key` | ... |, where a key may stand in another: `keys[].id`.
  EXPECT_EQ(matches_of(R"(\n\| `(?:[a-z_]+(?:\[\])?\.)*([a-z0-9_]+)` \|)", document()), keys);
}

TEST(BatonCommandDocument, ShowsRealOutput) {
  test::TemporaryFolder folder;
  EXPECT_THAT(document(), HasSubstr("\n" + inspect_golden(folder, {}) + "```"));
  EXPECT_THAT(document(), HasSubstr("\n" + inspect_golden(folder, {"--json"}) + "```"));
  const std::string table = run_baton({"keyring", "list", folder.path() / "ring"}).out;
  EXPECT_THAT(document(), HasSubstr("\n" + table + "```"));
}

}  // namespace
}  // namespace baton::command_line
