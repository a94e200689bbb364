// The files that a configuration names: read, checked, and reported with the line that names them.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "common/files.h"
#include "keystore/config.h"
#include "programs/temporary_folder.h"
#include "proxy/config.h"
#include "support/pki.h"

namespace baton::programs {
namespace {

using test::CertificateOptions;
using test::KeyType;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kKeystoreFile = R"(serialization_version = 1
ticket_key_file = "ticket.key"
groups = ["X25519", "P-256"]
[link]
listen = ["[::]:7600"]
certificate = "link.crt"
private_key = "link.key"
client_ca = "ca.crt"
[[application_server]]
identity = "app1.internal"
names = ["*"]
[[tenant]]
names = ["www.example.com"]
certificates = [
  { chain = "ecdsa.crt", private_key = "ecdsa.key" },
  { chain = "rsa.crt", private_key = "rsa.key" },
]
[[tenant]]
names = ["shop.example"]
certificates = [{ chain = "shop.crt", private_key = "shop.key" }]
)";

constexpr std::string_view kProxyFile = R"([[listener]]
listen = ["[::]:443"]
backend = "127.0.0.1:80"
[link]
certificate = "link.crt"
private_key = "link.key"
ca = "ca.crt"
[[key_store]]
address = "keystore.internal:7600"
)";

CertificateOptions of_kind(KeyType type) {
  CertificateOptions options;
  options.key_type = type;
  return options;
}

// In seconds from now.
CertificateOptions valid(long from, long until) {
  CertificateOptions options;
  options.valid_from = from;
  options.valid_until = until;
  return options;
}

// A folder with two correct configurations and all of their files.
class LoadFiles : public testing::Test {
 protected:
  LoadFiles() {
    folder_.write("keystore.toml", kKeystoreFile, 0644);
    folder_.write("proxy.toml", kProxyFile, 0644);
    folder_.write("ca.crt", ca_.pem(), 0644);
    folder_.write("ticket.key", std::string(80, 'k'));
    write_credential("link", {});
    write_credential("ecdsa", {});
    write_credential("rsa", of_kind(KeyType::rsa2048));
    write_credential("shop", of_kind(KeyType::ed25519));
  }

  void write_credential(const std::string& name, const CertificateOptions& options) {
    const test::TestCertificate issued = ca_.issue(options);
    folder_.write(name + ".crt", issued.chain_pem, 0644);
    folder_.write(name + ".key", issued.key_pem);
  }

  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }

  Result<keystore::LoadedFiles> load_keystore() const {
    return keystore::load_files(keystore::read_config(file("keystore.toml")).value());
  }
  Result<proxy::LoadedFiles> load_proxy() const {
    return proxy::load_files(proxy::read_config(file("proxy.toml")).value());
  }

  // The text of all errors, empty when the files load.
  std::string keystore_errors() const {
    const auto loaded = load_keystore();
    return loaded ? "" : loaded.error().message;
  }
  std::string proxy_errors() const {
    const auto loaded = load_proxy();
    return loaded ? "" : loaded.error().message;
  }

  test::TestCa ca_;
  test::TemporaryFolder folder_;
};

TEST_F(LoadFiles, GivesWhatTheKeyStoreNeeds) {
  const auto loaded = load_keystore();
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_EQ(loaded->tenants.size(), 2U);
  EXPECT_EQ(loaded->tenants[0]->policy().label, "www.example.com");
  EXPECT_EQ(loaded->tenants[1]->policy().label, "shop.example");
  ASSERT_TRUE(loaded->link);
  EXPECT_EQ(loaded->link->ca_pem, ca_.pem());
  EXPECT_EQ(loaded->link->credential.chain_source, file("link.crt"));
  EXPECT_EQ(loaded->ticket_keys.size(), 80U);
}

TEST_F(LoadFiles, GivesWhatTheProxyNeeds) {
  const auto loaded = load_proxy();
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_TRUE(loaded->link);
  EXPECT_EQ(loaded->link->ca_pem, ca_.pem());
}

TEST_F(LoadFiles, RefusesALogThatCannotBeWritten) {
  const auto log_to = [this](const std::string& log) {
    for (const auto& [name, text] : {std::pair("keystore.toml", kKeystoreFile), {"proxy.toml", kProxyFile}}) {
      folder_.write(name, fmt::format("{}[log]\nfile = \"{}\"\n", text, file(log)), 0644);
    }
  };
  log_to("new.log");
  EXPECT_EQ(keystore_errors() + proxy_errors(), "");
  EXPECT_FALSE(std::filesystem::exists(file("new.log")));
  folder_.write("old.log", "a line\n");
  log_to("old.log");
  EXPECT_EQ(keystore_errors() + proxy_errors(), "");
  log_to("absent/new/k.log");
  EXPECT_EQ(keystore_errors() + proxy_errors(), "");
  EXPECT_FALSE(std::filesystem::exists(file("absent")));
  log_to("old.log/k.log");
  const std::string problem = "log.file: cannot write " + file("old.log/k.log") + ": Not a directory";
  EXPECT_EQ(keystore_errors(), file("keystore.toml") + ":22: " + problem);
  EXPECT_EQ(proxy_errors(), file("proxy.toml") + ":11: " + problem);
  log_to("");
  EXPECT_THAT(keystore_errors(), HasSubstr(": Is a directory"));
}

TEST_F(LoadFiles, WarnsOfAnApplicationServerForWhichNoKeySigns) {
  const auto warnings = [this](std::string_view names, std::string_view tenant_has) {
    std::string text(kKeystoreFile);
    text.replace(text.find(R"(names = ["*"])"), 13,
                 fmt::format("names = [{}]\noffload = [\"signing\"]", names));
    const std::string_view tenant = R"(names = ["shop.example"])";
    text.insert(text.find(tenant) + tenant.size(), fmt::format("\n{}", tenant_has));
    folder_.write("keystore.toml", text, 0644);
    return load_keystore().value().warnings.text();
  };
  const auto is_warned = [this](std::string_view why) {
    return AllOf(StartsWith(file("keystore.toml") + ":9: application_server: warning: no key signs for it, "),
                 HasSubstr(why));
  };
  const std::string_view signing = R"(offload = ["signing"])";
  EXPECT_EQ(warnings(R"("*")", signing), "");
  EXPECT_THAT(warnings(R"("*")", R"(offload = ["serialization"])"),
              is_warned("a tenant that has this key has no"));
  EXPECT_THAT(warnings(R"("www.example.com")", signing),
              is_warned("a key of tenant shop.example (which has shop.example): application_server.names "
                        "does not have all names"));
  EXPECT_THAT(warnings(R"("*"]
signing_kinds = ["tls12-server")",
                       signing),
              "");
  EXPECT_THAT(warnings(R"("*"]
signing_kinds = ["tls13-client")",
                       signing),
              is_warned("it may sign none of application_server.signing_kinds"));
}

TEST_F(LoadFiles, ReportsEveryWrongFileInTheOrderOfTheLines) {
  std::filesystem::remove(file("rsa.key"));
  std::filesystem::remove(file("link.crt"));
  EXPECT_EQ(keystore_errors(), file("keystore.toml") + ":6: link.certificate: cannot read " +
                                   file("link.crt") + ": No such file or directory\n" +
                                   file("keystore.toml") +
                                   ":16: tenant.certificates.private_key: cannot read " + file("rsa.key") +
                                   ": No such file or directory");
}

TEST_F(LoadFiles, RefusesAPrivateKeyThatOthersCanRead) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U}) {
    ASSERT_EQ(chmod(file("ecdsa.key").c_str(), mode), 0);
    EXPECT_EQ(keystore_errors(),
              fmt::format("{}:15: tenant.certificates.private_key: {} can be used by group or "
                          "others (mode {:04o}); run: chmod 600 {}",
                          file("keystore.toml"), file("ecdsa.key"), mode, file("ecdsa.key")));
  }
}

TEST_F(LoadFiles, RefusesToSignWithTheKeyOfTheLink) {
  for (const std::string end : {".crt", ".key"}) {
    std::filesystem::copy_file(file("link" + end), file("ecdsa" + end),
                               std::filesystem::copy_options::overwrite_existing);
  }
  EXPECT_EQ(keystore_errors(), "") << "it does not sign";
  std::string text(kKeystoreFile);
  text.replace(text.find("[[tenant]]"), 10, "[[tenant]]\noffload = [\"signing\"]");
  folder_.write("keystore.toml", text, 0644);
  EXPECT_THAT(keystore_errors(),
              StartsWith(file("keystore.toml") + ":12: tenant: signs with the key of link.certificate"));
}

TEST_F(LoadFiles, RefusesTheKeyOfAnotherCertificate) {
  std::filesystem::copy_file(file("link.key"), file("ecdsa.key"),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(keystore_errors(), AllOf(StartsWith(file("keystore.toml") + ":15: tenant.certificates.chain: "),
                                       HasSubstr(file("ecdsa.key"))));
}

TEST_F(LoadFiles, RefusesCertificatesOutsideTheirValidity) {
  write_credential("shop", valid(-7200, -3600));
  EXPECT_THAT(keystore_errors(),
              AllOf(StartsWith(file("keystore.toml") + ":20: tenant.certificates.chain: " + file("shop.crt")),
                    HasSubstr("expired")));
  write_credential("shop", valid(3600, 7200));
  EXPECT_THAT(keystore_errors(), StartsWith(file("keystore.toml") + ":20: tenant.certificates.chain: "));
}

TEST_F(LoadFiles, RefusesWhatIsNoCertificate) {
  folder_.write("rsa.crt", "none");
  EXPECT_THAT(keystore_errors(), StartsWith(file("keystore.toml") + ":16: tenant.certificates.chain: "));
  folder_.write("rsa.crt", std::string(kMaxPemFile + 1, 'x'));
  EXPECT_EQ(keystore_errors(), file("keystore.toml") + ":16: tenant.certificates.chain: " + file("rsa.crt") +
                                   " has more than 4194304 bytes");
}

TEST_F(LoadFiles, RefusesWhatIsNoRegularFile) {
  std::filesystem::remove(file("ca.crt"));
  std::filesystem::create_directory(file("ca.crt"));
  EXPECT_EQ(keystore_errors(), file("keystore.toml") + ":8: link.client_ca: cannot read " + file("ca.crt") +
                                   ": it is not a regular file");
  std::filesystem::remove(file("ca.crt"));
  ASSERT_EQ(mkfifo(file("ca.crt").c_str(), 0600), 0);
  EXPECT_EQ(keystore_errors(), file("keystore.toml") + ":8: link.client_ca: cannot read " + file("ca.crt") +
                                   ": it is not a regular file");
}

TEST_F(LoadFiles, RefusesTwoCertificatesOfOneKind) {
  write_credential("rsa", of_kind(KeyType::p256));
  EXPECT_THAT(keystore_errors(), StartsWith(file("keystore.toml") + ":12: tenant: "));
}

TEST_F(LoadFiles, RefusesWrongAuthoritiesOfClientsByTheirOwnLine) {
  folder_.write("keystore.toml", std::string(kKeystoreFile) + "client_ca = \"clients.crt\"\n");
  EXPECT_THAT(keystore_errors(), AllOf(StartsWith(file("keystore.toml") + ":21: tenant.client_ca: "),
                                       HasSubstr(file("clients.crt"))));
  folder_.write("clients.crt", "none");
  EXPECT_THAT(keystore_errors(), StartsWith(file("keystore.toml") + ":21: tenant.client_ca: "));
  folder_.write("clients.crt", ca_.pem());
  EXPECT_EQ(keystore_errors(), "");
}

TEST_F(LoadFiles, RefusesTicketKeysOfAnotherSize) {
  for (const std::size_t size : {0U, 79U, 81U, 1000U}) {
    folder_.write("ticket.key", std::string(size, 'k'));
    EXPECT_EQ(keystore_errors(),
              file("keystore.toml") + ":2: ticket_key_file: " + file("ticket.key") +
                  " must have exactly 80 bytes; make it with: (umask 077; openssl rand -out " +
                  file("ticket.key") + " 80)");
  }
  folder_.write("ticket.key", std::string(80, 'k'), 0644);
  EXPECT_THAT(keystore_errors(), testing::EndsWith("run: chmod 600 " + file("ticket.key")));
}

TEST_F(LoadFiles, RefusesGroupsThatTheLibraryDoesNotHave) {
  std::string text(kKeystoreFile);
  text.replace(text.find("P-256"), 5, "P-257");
  folder_.write("keystore.toml", text);
  EXPECT_THAT(keystore_errors(),
              AllOf(StartsWith(file("keystore.toml") + ":3: groups: "), HasSubstr("P-257")));
}

TEST_F(LoadFiles, RefusesAWrongLinkCredentialAtEitherEnd) {
  folder_.write("ca.crt", "none");
  EXPECT_THAT(keystore_errors(), StartsWith(file("keystore.toml") + ":8: link.client_ca: "));
  EXPECT_THAT(proxy_errors(), StartsWith(file("proxy.toml") + ":7: link.ca: "));
  write_credential("link", valid(-7200, -3600));
  EXPECT_THAT(keystore_errors(), StartsWith(file("keystore.toml") + ":6: link.certificate: "));
  EXPECT_THAT(proxy_errors(), StartsWith(file("proxy.toml") + ":5: link.certificate: "));
}

TEST(Files, ReadsUpToTheLimit) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("file", "12345");
  EXPECT_EQ(read_text_file(path, 5).value(), "12345");
  EXPECT_EQ(read_text_file(path, 4).error().code, ErrorCode::limit_exceeded);
  EXPECT_EQ(read_secret_file(path, 5).value().size(), 5U);
  EXPECT_EQ(read_text_file(folder.write("empty", ""), 5).value(), "");
  // Files of /proc say that they have no bytes, and then have some.
  EXPECT_THAT(read_text_file("/proc/self/status", 65536).value(), HasSubstr("Name:"));
  EXPECT_EQ(read_text_file("/proc/self/status", 20).error().code, ErrorCode::limit_exceeded);
}

}  // namespace
}  // namespace baton::programs
