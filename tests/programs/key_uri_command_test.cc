// `baton key-uri`: a key file that names a key.
#include <gmock/gmock.h>

#include "handshake/provider/key_uri.h"
#include "programs/baton_command.h"
#include "programs/temporary_folder.h"
#include "support/pki.h"

namespace baton::command_line {
namespace {

using test::Outcome;
using test::run_baton;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

class KeyUriCommand : public testing::Test {
 protected:
  std::filesystem::path certificate(test::KeyType type) {
    test::CertificateOptions options;
    options.key_type = type;
    return folder_.write("www.crt", test::TestCa().issue(options).chain_pem);
  }

  test::TemporaryFolder folder_;
};

TEST_F(KeyUriCommand, WritesAKeyFile) {
  for (const auto type : {test::KeyType::p256, test::KeyType::rsa2048, test::KeyType::ed25519}) {
    const auto file = certificate(type);
    const Outcome outcome = run_baton({"key-uri", file.string()});
    EXPECT_EQ(outcome.exit, Exit::ok);
    EXPECT_EQ(outcome.error_out, "");
    const std::string uri = "baton:certificate=" + file.string();
    EXPECT_THAT(outcome.out, StartsWith(uri + "\nkey "));
    EXPECT_THAT(outcome.out, HasSubstr("\n" + provider::key_file_of(uri)));
    EXPECT_EQ(provider::find_key_uri(as_bytes(outcome.out)), uri);
  }
}

TEST_F(KeyUriCommand, APathIsMadeAbsolute) {
  certificate(test::KeyType::p256);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  const Outcome outcome = run_baton({"key-uri", "./x/../www.crt"});
  std::filesystem::current_path(before);
  EXPECT_THAT(outcome.out, StartsWith("baton:certificate=" + (folder_.path() / "www.crt").string() + "\n"));
}

TEST_F(KeyUriCommand, RefusesWhatNamesNoKey) {
  const auto text = folder_.write("text", "no certificate");
  for (const std::string& file : {std::string("/nowhere/www.crt"), text.string()}) {
    const Outcome outcome = run_baton({"key-uri", file});
    EXPECT_EQ(outcome.exit, Exit::failed);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.error_out, HasSubstr("the certificate " + file));
  }
  EXPECT_THAT(run_baton({"key-uri", "/nowhere/www.crt"}).error_out, HasSubstr(": No such file or directory"));
}

}  // namespace
}  // namespace baton::command_line
