#include "common/command_line.h"

#include <gmock/gmock.h>

#include <sstream>

#include "keystore/config.h"
#include "proxy/config.h"

namespace baton::programs {
namespace {

using testing::HasSubstr;

struct Outcome {
  tl::expected<CommandLine, ExitCode> result;
  std::string out, error_out;
};

Outcome run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "baton-keystore");
  std::ostringstream out, error_out;
  auto result = read_command_line(keystore::program_text(), static_cast<int>(arguments.size()),
                                  arguments.data(), out, error_out);
  return {std::move(result), out.str(), error_out.str()};
}

TEST(CommandLineTest, ReadsConfigAndCheck) {
  const Outcome plain = run({"--config", "/etc/a b.toml"});
  ASSERT_TRUE(plain.result);
  EXPECT_EQ(plain.result->config, "/etc/a b.toml");
  EXPECT_FALSE(plain.result->check);
  const Outcome check = run({"--check", "--config=k.toml"});
  ASSERT_TRUE(check.result);
  EXPECT_EQ(check.result->config, "k.toml");
  EXPECT_TRUE(check.result->check);
}

TEST(CommandLineTest, SaysItsVersion) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.result.error(), ExitCode::ok);
  EXPECT_EQ(outcome.out, "baton-keystore " BATON_VERSION "\n");
  EXPECT_EQ(outcome.error_out, "");
}

TEST(CommandLineTest, HelpShowsExamples) {
  const Outcome outcome = run({"--help"});
  EXPECT_EQ(outcome.result.error(), ExitCode::ok);
  EXPECT_EQ(outcome.error_out, "");
  EXPECT_THAT(outcome.out, HasSubstr("--config FILE"));
  EXPECT_THAT(outcome.out, HasSubstr("baton-keystore --config /etc/baton/keystore.toml --check"));
  EXPECT_THAT(outcome.out, HasSubstr(std::string(keystore::program_text().example)));
  EXPECT_THAT(outcome.out,
              HasSubstr("Exit codes: 0 ok, 1 error in the configuration, 2 error on the command line."));
}

TEST(CommandLineTest, WrongUsageIsReportedOnStandardError) {
  const std::vector<std::vector<const char*>> wrong = {{},
                                                       {"--check"},
                                                       {"--config"},
                                                       {"--config", "a", "--config", "b"},
                                                       {"--config", "a", "--chek"},
                                                       {"--config", "a", "more"},
                                                       {"-h"}};
  for (const auto& arguments : wrong) {
    const Outcome outcome = run(arguments);
    ASSERT_FALSE(outcome.result);
    EXPECT_EQ(outcome.result.error(), ExitCode::usage_error);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.error_out, "");
  }
}

TEST(CommandLineTest, ExampleFilesOfHelpAreCorrect) {
  auto keystore_file = ConfigDocument::parse(keystore::program_text().example, "keystore.toml");
  const auto keystore_config = keystore::parse_config(keystore_file);
  EXPECT_TRUE(keystore_config) << keystore_config.error().message;
  auto proxy_file = ConfigDocument::parse(proxy::program_text().example, "proxy.toml");
  const auto proxy_config = proxy::parse_config(proxy_file);
  EXPECT_TRUE(proxy_config) << proxy_config.error().message;
}

}  // namespace
}  // namespace baton::programs
