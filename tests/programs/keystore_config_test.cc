#include "keystore/config.h"

#include <gmock/gmock.h>

#include "programs/config_texts.h"

namespace baton::keystore {
namespace {

using programs::ConfigDocument;
using programs::TcpEndpoint;
using programs::UnixEndpoint;
using std::chrono::milliseconds;
using test::WrongText;
using testing::ElementsAre;

Result<Config> parse(std::string_view text, const std::filesystem::path& file = "/etc/baton/keystore.toml") {
  ConfigDocument document = ConfigDocument::parse(text, file);
  return parse_config(document);
}

TEST(KeystoreConfig, TakesDefaultsFromNowhereElse) {
  const auto config = parse(test::kKeystoreText);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->serialization_version, serialization::SerializationVersion::v1);
  EXPECT_EQ(config->threads, 1U);
  EXPECT_EQ(config->workers, 2U);
  EXPECT_FALSE(config->ticket_key_file);
  EXPECT_TRUE(config->groups.empty());
  EXPECT_EQ(config->log.level, programs::LogLevel::info);
  EXPECT_EQ(config->log.format, programs::LogFormat::logfmt);
  EXPECT_FALSE(config->log.file);
  EXPECT_EQ(config->link.max_handshakes_per_link, 4096U);
  EXPECT_EQ(config->limits.handshake_timeout, std::chrono::seconds(10));
  EXPECT_EQ(config->limits.handshake_bytes, 256U * 1024);
  EXPECT_EQ(config->limits.max_links, 10U);
  EXPECT_EQ(config->limits.max_handshakes, 16'384U);
  EXPECT_EQ(config->limits.worker_queue, 512U);
  EXPECT_FALSE(config->limits.client_rate.is_limited());
  EXPECT_FALSE(config->application_servers[0].rate.is_limited());
  EXPECT_EQ(config->limits.link_idle_timeout, std::chrono::minutes(5));
  ASSERT_EQ(config->tenants.size(), 1U);
  EXPECT_EQ(config->tenants[0].tls.min_version, tls::ProtocolVersion::tls12);
  EXPECT_EQ(config->tenants[0].tls.max_version, tls::ProtocolVersion::tls13);
  EXPECT_FALSE(config->tenants[0].is_default);
}

TEST(KeystoreConfig, ReadsEveryKey) {
  const auto config = parse(R"(serialization_version = 1
threads = 0
workers = 7
early_handoff = false
ticket_key_file = "ticket.key"
groups = ["X25519", "P-256"]
log = { level = "trace", format = "json", file = "/var/log/k.log" }
[link]
listen = ["[2001:DB8::1]:7600", "unix:k.sock"]
certificate = "../pki/l.crt"
private_key = "/pki/l.key"
client_ca = "ca.crt"
max_handshakes_per_link = 5
[limits]
handshake_timeout = "500ms"
handshake_bytes = 65536
max_links = 9
max_handshakes = 11
worker_queue = 12
client_rate = "13/m"
link_idle_timeout = "1h"
[[application_server]]
uid = 1001
names = ["*"]
rate = "14/s"
[[application_server]]
identity = "spiffe://example.com/App1"
names = ["WWW.example.com", "*.Example.org"]
[[tenant]]
names = ["WWW.example.com", "*.example.org"]
certificates = [{ chain = "a.crt", private_key = "a.key" }, { chain = "b.crt", private_key = "b.key" }]
client_ca = "clients.crt"
alpn = ["h2", "http/1.1"]
min_version = "1.3"
max_version = "1.3"
cipher_suites = ["TLS_AES_128_GCM_SHA256"]
default = true
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->threads, 0U);
  EXPECT_EQ(config->workers, 7U);
  EXPECT_FALSE(config->early_handoff);
  EXPECT_EQ(config->ticket_key_file->path, "/etc/baton/ticket.key");
  EXPECT_THAT(config->groups, ElementsAre("X25519", "P-256"));
  EXPECT_EQ(config->log.level, programs::LogLevel::trace);
  EXPECT_EQ(config->log.format, programs::LogFormat::json);
  EXPECT_EQ(config->log.file, "/var/log/k.log");
  EXPECT_THAT(config->link.listen,
              ElementsAre(TcpEndpoint{"2001:DB8::1", 7600}, UnixEndpoint{"/etc/baton/k.sock"}));
  EXPECT_EQ(config->link.tls->certificate.path, "/etc/pki/l.crt");
  EXPECT_EQ(config->link.tls->private_key.path, "/pki/l.key");
  EXPECT_EQ(config->link.tls->ca.path, "/etc/baton/ca.crt");
  EXPECT_EQ(config->link.max_handshakes_per_link, 5U);
  EXPECT_EQ(config->limits.handshake_timeout, milliseconds(500));
  EXPECT_EQ(config->limits.handshake_bytes, 65536U);
  EXPECT_EQ(config->limits.max_handshakes, 11U);
  EXPECT_EQ(config->limits.worker_queue, 12U);
  EXPECT_EQ(config->limits.client_rate, (offload::Rate{13, std::chrono::minutes(1)}));
  EXPECT_EQ(config->application_servers.at(0).rate, (offload::Rate{14, std::chrono::seconds(1)}));
  EXPECT_EQ(config->limits.link_idle_timeout, std::chrono::hours(1));
  ASSERT_EQ(config->application_servers.size(), 2U);
  EXPECT_EQ(std::get<UnixIdentity>(config->application_servers[0].identity).uid, 1001U);
  EXPECT_EQ(std::get<CertificateIdentity>(config->application_servers[1].identity).name,
            "spiffe://example.com/App1");
  EXPECT_THAT(config->application_servers[1].names, ElementsAre("www.example.com", "*.example.org"));
  const TenantConfig& tenant = config->tenants.at(0);
  EXPECT_THAT(tenant.names, ElementsAre("www.example.com", "*.example.org"));
  ASSERT_EQ(tenant.certificates.size(), 2U);
  EXPECT_EQ(tenant.certificates[1].chain.path, "/etc/baton/b.crt");
  EXPECT_EQ(tenant.certificates[1].private_key.path, "/etc/baton/b.key");
  EXPECT_EQ(tenant.client_ca->path, "/etc/baton/clients.crt");
  EXPECT_THAT(tenant.tls.alpn, ElementsAre("h2", "http/1.1"));
  EXPECT_EQ(tenant.tls.min_version, tls::ProtocolVersion::tls13);
  EXPECT_THAT(tenant.cipher_suites, ElementsAre("TLS_AES_128_GCM_SHA256"));
  EXPECT_TRUE(tenant.is_default);
}

TEST(KeystoreConfig, RelativePathsStartAtTheFolderOfTheFile) {
  const auto config = parse(test::kKeystoreText, "conf/keystore.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tenants[0].certificates[0].chain.path, "conf/a.crt");
}

TEST(KeystoreConfig, ReportsAllErrorsInTheOrderOfTheLines) {
  const auto config = parse("workers = 0\n[link]\nlisten = [\"foo\", \"[::]:0\"]\nlisen = 1\n", "k.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message,
            "k.toml:1: workers: 0 is out of range; write 1 to 1024\n"
            "k.toml:1: application_server: is missing: add an [[application_server]] for each machine that "
            "may connect\n"
            "k.toml:1: tenant: is missing: add a [[tenant]] with names and certificates\n"
            "k.toml:1: serialization_version: serialization is off until a version is set: add "
            "serialization_version = 1 "
            "once every application server reads version 1\n"
            "k.toml:3: link.listen: \"foo\" is not HOST:PORT or unix:PATH\n"
            "k.toml:3: link.listen: \"[::]:0\": the port must be a number from 1 to 65535\n"
            "k.toml:4: link.lisen: unknown key; did you mean \"listen\"?");
}

constexpr std::string_view kSigningOnly = R"([link]
listen = ["unix:k.sock"]
[[application_server]]
uid = 1
names = ["*"]
offload = ["signing"]
signing_kinds = ["tls13-server", "tls13-client"]
signing_rate = "15/s"
[[tenant]]
names = ["www.example.com"]
offload = ["serialization", "signing"]
certificates = [{ chain = "a.crt", private_key = "a.key", signing_kinds = ["tls13-client"] }]
)";

TEST(KeystoreConfig, ReadsWhatIsSigned) {
  const auto defaults = parse(test::kKeystoreText);
  ASSERT_TRUE(defaults) << defaults.error().message;
  EXPECT_TRUE(defaults->tenants[0].offload.serialization);
  EXPECT_FALSE(defaults->tenants[0].offload.signing);
  EXPECT_FALSE(defaults->application_servers[0].offload.signing);

  const auto config = parse(kSigningOnly);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->serialization_version, serialization::SerializationVersion::none);
  const ApplicationServer& server = config->application_servers.at(0);
  EXPECT_FALSE(server.offload.serialization);
  EXPECT_TRUE(server.offload.signing);
  EXPECT_EQ(server.signing_kinds,
            (offload::SigningKinds{SigningKind::tls13_server, SigningKind::tls13_client}));
  EXPECT_EQ(server.signing_rate, (offload::Rate{15, std::chrono::seconds(1)}));
  EXPECT_TRUE(config->tenants.at(0).offload.serialization);
  EXPECT_EQ(config->tenants[0].certificates[0].signing_kinds,
            offload::SigningKinds{SigningKind::tls13_client});
}

TEST(KeystoreConfig, WhatIsNotSignedHasNoSigningKeys) {
  const auto error_of = [](std::string_view from, std::string_view to) {
    const auto config = parse(test::replaced(kSigningOnly, from, to), "k.toml");
    return config ? std::string() : test::first_line(config.error().message);
  };
  EXPECT_EQ(error_of("signing_rate = \"15/s\"", "signing_rate = 15"),
            "k.toml:8: application_server.signing_rate: must be a string, not an integer");
  EXPECT_EQ(error_of("offload = [\"signing\"]", "offload = [\"decryption\"]"),
            "k.toml:6: application_server.offload: \"decryption\" is not \"serialization\" or \"signing\"");
  EXPECT_EQ(error_of("offload = [\"signing\"]", "offload = [\"serialization\"]"),
            "k.toml:1: serialization_version: serialization is off until a version is set: add "
            "serialization_version = 1 once every application server reads version 1");
  EXPECT_EQ(error_of("offload = [\"serialization\", \"signing\"]", ""),
            "k.toml:12: tenant.certificates.signing_kinds: has no effect without \"signing\" in "
            "tenant.offload");
  EXPECT_EQ(error_of("[\"tls13-server\", \"tls13-client\"]", "[\"tls12-client\"]"),
            "k.toml:7: application_server.signing_kinds: \"tls12-client\" is not \"tls13-server\", "
            "\"tls12-server\" or \"tls13-client\"");
}

class WrongKeystoreText : public testing::TestWithParam<WrongText> {};

TEST_P(WrongKeystoreText, NamesTheLineAndWhatToDo) {
  const auto config = parse(test::replaced(test::kKeystoreText, GetParam().from, GetParam().to), "k.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(test::first_line(config.error().message), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    File, WrongKeystoreText,
    testing::Values(
        WrongText{"[link]", "[link",
                  "k.toml:2: not TOML: Error while parsing table header: expected ']', saw '\\n'"},
        WrongText{"max_links = 10", "max_links = 10\nmax_links = 11",
                  "k.toml:9: not TOML: Error while parsing key-value pair: cannot redefine existing integer "
                  "'max_links'"},
        WrongText{"[limits]", "[limit]", "k.toml:7: limit: unknown key; did you mean \"limits\"?"},
        WrongText{"[limits]", "[zoo]",
                  "k.toml:7: zoo: unknown key; known here: application_server, early_handoff, fips, groups, "
                  "limits, link, log, "
                  "serialization_version, tenant, threads, ticket_key_file, workers"},
        WrongText{"max_links", "max_link",
                  "k.toml:8: limits.max_link: unknown key; did you mean \"max_links\"?"},
        WrongText{"[limits]\nmax_links = 10", "limits = 1",
                  "k.toml:7: link.limits: unknown key; known here: certificate, client_ca, listen, "
                  "max_handshakes_per_link, private_key"},
        WrongText{"serialization_version = 1", "",
                  "k.toml:1: serialization_version: serialization is off until a version is set: add "
                  "serialization_version = 1 once every application server reads version 1"},
        WrongText{"serialization_version = 1", "log = 1\nserialization_version = 1",
                  "k.toml:1: log: must be a table [log], not an integer"}));

INSTANTIATE_TEST_SUITE_P(
    Root, WrongKeystoreText,
    testing::Values(
        WrongText{"serialization_version = 1", "\nserialization_version = 0",
                  "k.toml:2: serialization_version: serialization is off until a version is set: add "
                  "serialization_version = 1 once every application server reads version 1"},
        WrongText{"serialization_version = 1", "serialization_version = 2",
                  "k.toml:1: serialization_version: this build cannot write version 2; write 1 to 1"},
        WrongText{"serialization_version = 1", "serialization_version = \"1\"",
                  "k.toml:1: serialization_version: must be an integer, not a string"},
        WrongText{"[link]", "threads = -1\n[link]", "k.toml:2: threads: -1 is out of range; write 0 to 1024"},
        WrongText{"[link]", "workers = 1.5\n[link]",
                  "k.toml:2: workers: must be an integer, not a number with a point"},
        WrongText{"[link]", "ticket_key_file = \"\"\n[link]",
                  "k.toml:2: ticket_key_file: must not be empty; leave the key out"},
        WrongText{"[link]", "groups = \"X25519:P-256\"\n[link]",
                  "k.toml:2: groups: must be a list of strings, as in [\"...\"], not a string"},
        WrongText{
            "[link]", "groups = [\"X25519:P-256\"]\n[link]",
            "k.toml:2: groups: \"X25519:P-256\" is not the name of a group; write one name a string, as in "
            "[\"X25519\", \"P-256\"]"},
        WrongText{"[link]", "groups = []\n[link]", "k.toml:2: groups: the list is empty"},
        WrongText{"[link]", "[log]\nlevel = \"loud\"\n[link]",
                  "k.toml:3: log.level: \"loud\" is not one of \"trace\", \"debug\", \"info\", \"warning\", "
                  "\"error\""},
        WrongText{"[link]", "[log]\nformat = true\n[link]",
                  "k.toml:3: log.format: must be a string, not true or false"}));

INSTANTIATE_TEST_SUITE_P(
    Link, WrongKeystoreText,
    testing::Values(
        WrongText{"listen = [\"[::]:7600\", \"unix:/run/k.sock\"]\n", "",
                  "k.toml:2: link.listen: is missing"},
        WrongText{"\"[::]:7600\"", "\"foo\"", "k.toml:3: link.listen: \"foo\" is not HOST:PORT or unix:PATH"},
        WrongText{
            "\"[::]:7600\"", "\"localhost:7600\"",
            "k.toml:3: link.listen: \"localhost:7600\": write an IP address to listen on, [::] for all"},
        WrongText{"\"[::]:7600\"", "\n\"unix:/run/k.sock\"",
                  "k.toml:4: link.listen: \"unix:/run/k.sock\" is listed twice, first on this line"},
        WrongText{"\"[::]:7600\"", "\"unix:/run/k.sock\",\n\"[::]:1\"",
                  "k.toml:4: link.listen: \"unix:/run/k.sock\" is listed twice, first in line 3"},
        WrongText{"certificate = \"l.crt\"\n", "",
                  "k.toml:2: link.certificate: is missing: a link over TCP is mutual TLS"},
        WrongText{"client_ca = \"ca.crt\"\n", "",
                  "k.toml:2: link.client_ca: is missing: a link over TCP is mutual TLS"},
        WrongText{"\"[::]:7600\", ", "",
                  "k.toml:4: link.certificate: is for a link over TCP; this one has a Unix socket only: "
                  "leave the key "
                  "out"},
        WrongText{"[limits]", "max_handshakes_per_link = 0\n[limits]",
                  "k.toml:7: link.max_handshakes_per_link: 0 is out of range; write 1 to 1000000"}));

INSTANTIATE_TEST_SUITE_P(
    Limits, WrongKeystoreText,
    testing::Values(
        WrongText{"max_links = 10", "client_rate = \"50\"",
                  "k.toml:8: limits.client_rate: \"50\" is not a rate; write a whole number and /s, /m or "
                  "/h, as in "
                  "\"50/s\""},
        WrongText{"max_links = 10", "handshake_timeout = 10",
                  "k.toml:8: limits.handshake_timeout: must be a string, not an integer"},
        WrongText{"max_links = 10", "handshake_timeout = \"10 seconds\"",
                  "k.toml:8: limits.handshake_timeout: \"10 seconds\" is not a duration; write a whole "
                  "number and ms, "
                  "s, m, h or d, as in \"10s\""},
        WrongText{"max_links = 10", "handshake_timeout = \"1h\"",
                  "k.toml:8: limits.handshake_timeout: \"1h\" is out of range; write \"100ms\" to \"5m\""},
        WrongText{
            "max_links = 10", "handshake_bytes = \"256KB\"",
            "k.toml:8: limits.handshake_bytes: \"256KB\" is not a size; write a number of bytes, or one with "
            "KiB, MiB or GiB, as in \"64KiB\""},
        WrongText{"max_links = 10", "handshake_bytes = -1",
                  "k.toml:8: limits.handshake_bytes: \"-1\" is not a size; write a number of bytes, or one "
                  "with KiB, "
                  "MiB or GiB, as in \"64KiB\""},
        WrongText{"max_links = 10", "handshake_bytes = 1",
                  "k.toml:8: limits.handshake_bytes: 1 is out of range; write \"16KiB\" to \"16MiB\""}));

INSTANTIATE_TEST_SUITE_P(
    ApplicationServer, WrongKeystoreText,
    testing::Values(
        WrongText{"identity = \"app1.internal\"", "",
                  "k.toml:9: application_server: write either identity (a name in the link's client "
                  "certificate) or "
                  "uid (on a Unix socket)"},
        WrongText{"names = [\"*\"]", "uid = 1\nnames = [\"*\"]",
                  "k.toml:9: application_server: write either identity (a name in the link's client "
                  "certificate) or "
                  "uid (on a Unix socket)"},
        WrongText{"names = [\"*\"]\n", "", "k.toml:9: application_server.names: is missing"},
        WrongText{
            "\"app1.internal\"", "\"*.internal\"",
            "k.toml:10: application_server.identity: \"*.internal\" is not a DNS name: labels are 1 to 63 "
            "letters, digits, hyphens (not first or last) and underscores"},
        WrongText{"\"app1.internal\"", "\"spiffe:app\"",
                  "k.toml:10: application_server.identity: \"spiffe:app\" is not an identity; write a DNS "
                  "name or a "
                  "URI, as in \"spiffe://example.com/app1\""},
        WrongText{", \"unix:/run/k.sock\"]\ncertificate = \"l.crt\"\nprivate_key = \"l.key\"\nclient_ca = "
                  "\"ca.crt\"\n"
                  "[limits]\nmax_links = 10\n[[application_server]]\nidentity = \"app1.internal\"",
                  "]\ncertificate = \"l.crt\"\nprivate_key = \"l.key\"\nclient_ca = \"ca.crt\"\n"
                  "[[application_server]]\nuid = 5",
                  "k.toml:8: application_server.uid: needs a unix: address in link.listen; over TCP write "
                  "identity = \"NAME\" in place of it"},
        WrongText{"\"[::]:7600\", \"unix:/run/k.sock\"]\ncertificate = \"l.crt\"\nprivate_key = \"l.key\"\n"
                  "client_ca = \"ca.crt\"\n",
                  "\"unix:/run/k.sock\"]\n",
                  "k.toml:7: application_server.identity: needs a TCP address in link.listen; on a Unix "
                  "socket write "
                  "uid = NUMBER in place of it"},
        WrongText{"identity = \"app1.internal\"", "uid = 4294967295",
                  "k.toml:10: application_server.uid: 4294967295 is out of range; write 0 to 4294967294"},
        WrongText{
            "[[application_server]]\n",
            "[[application_server]]\nidentity = \"APP1.internal\"\nnames = [\"*\"]\n[[application_server]]\n",
            "k.toml:13: application_server.identity: \"app1.internal\" is listed twice, first in line 10"},
        WrongText{
            "[\"*\"]", "[\"*.com\"]",
            "k.toml:11: application_server.names: \"*.com\" is not a wildcard; write *. and a name of two "
            "labels or more, as in \"*.example.com\""},
        WrongText{"[\"*\"]", "[\"192.0.2.1\"]",
                  "k.toml:11: application_server.names: \"192.0.2.1\" is not a DNS name: its last label is a "
                  "number"}));

INSTANTIATE_TEST_SUITE_P(
    Tenant, WrongKeystoreText,
    testing::Values(
        WrongText{"[\"www.example.com\"]", "[\"*\"]",
                  "k.toml:13: tenant.names: \"*\" is not a wildcard; write *. and a name of two labels or "
                  "more, as in "
                  "\"*.example.com\""},
        WrongText{
            "[\"www.example.com\"]", "[\"www.example.com.\"]",
            "k.toml:13: tenant.names: \"www.example.com.\" is not a DNS name: leave out the dot at the end"},
        WrongText{
            "[\"www.example.com\"]", "[\"b\u00fccher.example\"]",
            "k.toml:13: tenant.names: \"b\u00fccher.example\" is not a DNS name: write an internationalized "
            "name in its xn-- form"},
        WrongText{"[\"www.example.com\"]", "[\"a\\u0000b\\u001b[2J.example\"]",
                  "k.toml:13: tenant.names: \"a\\x00b\\x1b[2J.example\" is not a DNS name: labels are 1 to "
                  "63 letters, "
                  "digits, hyphens (not first or last) and underscores"},
        WrongText{"[[tenant]]",
                  "[[tenant]]\nnames = [\"x.example\", \"WWW.example.com\"]\n"
                  "certificates = [{ chain = \"a.crt\", private_key = \"a.key\" }]\n[[tenant]]",
                  "k.toml:16: tenant.names: \"www.example.com\" is listed twice, first in line 13"},
        WrongText{"certificates = [{ chain = \"a.crt\", private_key = \"a.key\" }]", "",
                  "k.toml:12: tenant.certificates: is missing"},
        WrongText{"[{ chain = \"a.crt\", private_key = \"a.key\" }]", "\"a.crt\"",
                  "k.toml:14: tenant.certificates: must be a list of tables, not a string"},
        WrongText{"[{ chain = \"a.crt\", private_key = \"a.key\" }]", "[]",
                  "k.toml:14: tenant.certificates: the list is empty"},
        WrongText{"[{ chain = \"a.crt\", private_key = \"a.key\" }]", "[{ chain = \"a.crt\" }]",
                  "k.toml:14: tenant.certificates.private_key: is missing"},
        WrongText{"private_key = \"a.key\" }", "private_key = \"a.key\", pasword = \"x\" }",
                  "k.toml:14: tenant.certificates.pasword: unknown key; known here: chain, private_key, "
                  "signing_kinds"},
        WrongText{"[[tenant]]", "[[tenant]]\nalpn = [\"h2\", \"h2\"]",
                  "k.toml:13: tenant.alpn: \"h2\" is listed twice, first on this line"},
        WrongText{"[[tenant]]", "[[tenant]]\nmin_version = 1.2",
                  "k.toml:13: tenant.min_version: must be a string, not a number with a point"},
        WrongText{"[[tenant]]", "[[tenant]]\nmin_version = \"1.1\"",
                  "k.toml:13: tenant.min_version: \"1.1\" is not one of \"1.2\", \"1.3\""},
        WrongText{"[[tenant]]", "[[tenant]]\nmin_version = \"1.3\"\nmax_version = \"1.2\"",
                  "k.toml:13: tenant.min_version: is above max_version"},
        WrongText{"[[tenant]]", "[[tenant]]\ncipher_suites = [\"TLS_AES_128_GCM_SHA265\"]",
                  "k.toml:13: tenant.cipher_suites: \"TLS_AES_128_GCM_SHA265\" is not a cipher suite of "
                  "Baton; did you "
                  "mean \"TLS_AES_128_GCM_SHA256\"?"},
        WrongText{"[[tenant]]", "[[tenant]]\ncipher_suites = [\"HIGH\"]",
                  "k.toml:13: tenant.cipher_suites: \"HIGH\" is not a cipher suite of Baton; write IANA "
                  "names, as in "
                  "\"TLS_AES_128_GCM_SHA256\""},
        WrongText{"[[tenant]]", "[[tenant]]\ncipher_suites = [\"TLS_AES_128_GCM_SHA256\"]",
                  "k.toml:13: tenant.cipher_suites: has no suite of TLS 1.2; add one or write min_version = "
                  "\"1.3\""},
        WrongText{"[[tenant]]", "[[tenant]]\ncipher_suites = [\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"]",
                  "k.toml:13: tenant.cipher_suites: has no suite of TLS 1.3; add one or write max_version = "
                  "\"1.2\""},
        WrongText{"[[tenant]]", "[[tenant]]\ndefault = 1",
                  "k.toml:13: tenant.default: must be true or false, not an integer"},
        WrongText{
            "[[tenant]]",
            "[[tenant]]\nnames = [\"x.example\"]\ndefault = true\n"
            "certificates = [{ chain = \"a.crt\", private_key = \"a.key\" }]\n[[tenant]]\ndefault = true",
            "k.toml:17: tenant.default: only one tenant can be the default; the one of line 14 is"}));

}  // namespace
}  // namespace baton::keystore
