#include "provider_module/config.h"

#include <gmock/gmock.h>

#include "programs/config_texts.h"
#include "programs/temporary_folder.h"
#include "provider_module/signers.h"

namespace baton::provider_module {
namespace {

using programs::ConfigDocument;
using test::WrongText;
using testing::HasSubstr;

constexpr std::string_view kText = R"([link]
certificate = "l.crt"
private_key = "l.key"
ca = "ca.crt"
[[key_store]]
address = "keystore.internal:7600"
[limits]
signature_timeout = "2s"
)";

Result<Config> parse(std::string_view text) {
  ConfigDocument document = ConfigDocument::parse(text, "/etc/baton/provider.toml");
  return parse_config(document);
}

TEST(ProviderConfig, TakesDefaultsFromNowhereElse) {
  const auto config = parse(kText);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->log.level, programs::LogLevel::warning);
  EXPECT_EQ(config->links.lifetime, std::chrono::hours(1));
  EXPECT_EQ(config->links.policy.answer_timeout, std::chrono::milliseconds(500));
  EXPECT_FALSE(config->links.policy.wait_while_away) << "it fails fast";
  EXPECT_EQ(config->signature_timeout, std::chrono::seconds(2));
}

TEST(ProviderConfig, AnAnswerIsOverdueAfterHalfTheTime) {
  const auto config =
      parse("[[key_store]]\naddress = \"unix:k.sock\"\n[limits]\nsignature_timeout = \"100ms\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->links.policy.answer_timeout, std::chrono::milliseconds(50));
}

TEST(ProviderConfig, ReadsEveryKey) {
  const auto config = parse(R"([log]
level = "debug"
[link]
lifetime = "2s"
answer_timeout = "20ms"
[[key_store]]
address = "unix:k.sock"
tier = 3
[limits]
signature_timeout = "100ms"
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->log.level, programs::LogLevel::debug);
  EXPECT_FALSE(config->links.tls);
  EXPECT_EQ(config->links.lifetime, std::chrono::seconds(2));
  EXPECT_EQ(config->links.policy.answer_timeout, std::chrono::milliseconds(20));
  EXPECT_EQ(config->links.key_stores.at(0).tier, 3U);
  EXPECT_EQ(config->signature_timeout, std::chrono::milliseconds(100));
  EXPECT_EQ(config->links.policy.wait_for_link, config->signature_timeout);
}

class WrongProviderText : public testing::TestWithParam<WrongText> {};
INSTANTIATE_TEST_SUITE_P(
    Texts, WrongProviderText,
    testing::Values(
        WrongText{"[limits]", "hedge = true\n[limits]", "provider.toml:7: key_store.hedge: unknown key"},
        WrongText{"[link]", "[link]\nhedge = true", "provider.toml:2: link.hedge: unknown key"},
        WrongText{"[link]", "[[listener]]\n[link]", "provider.toml:1: listener: belongs in the proxy's file"},
        WrongText{"ca = \"ca.crt\"", "", "provider.toml:1: link.ca: is missing"},
        WrongText{"\"2s\"", "\"2\"", "provider.toml:8: limits.signature_timeout: "}));

TEST_P(WrongProviderText, NamesTheLineAndWhatToDo) {
  const auto config = parse(test::replaced(kText, GetParam().from, GetParam().to));
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr(GetParam().error));
}

// On a Unix socket: no files but the configuration.
TEST(Signers, AreTheSameAsLongAsTheFileIs) {
  const test::TemporaryFolder folder;
  constexpr std::string_view kOverUnixSocket = "[[key_store]]\naddress = \"unix:/nowhere/k.sock\"\n";
  const auto file = folder.write("provider.toml", kOverUnixSocket);
  const auto first = signer_of(file);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(signer_of(file).value(), *first);
  folder.write("provider.toml", std::string(kOverUnixSocket) + "tier = 1\n");
  const auto second = signer_of(file);
  ASSERT_TRUE(second);
  EXPECT_NE(*second, *first);
  EXPECT_EQ(signer_of(file).value(), *second);
  EXPECT_FALSE(signer_of(folder.path() / "missing.toml"));
}

TEST(Signers, FailAtOnceWhereNoKeyStoreCanBeReached) {
  const test::TemporaryFolder folder;
  const auto signer =
      signer_of(folder.write("provider.toml", "[[key_store]]\naddress = \"unix:/nowhere/k.sock\"\n"));
  ASSERT_TRUE(signer);
  const auto signature = (*signer)->sign({}, SigningKind::tls13_server, 0x0403, as_bytes("input"));
  ASSERT_FALSE(signature);
  EXPECT_THAT(signature.error().message,
              HasSubstr("no key store can be reached: cannot connect to unix:/nowhere/k.sock"));
}

}  // namespace
}  // namespace baton::provider_module
