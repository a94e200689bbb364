#include "proxy/config.h"

#include <gmock/gmock.h>

#include "programs/config_texts.h"

namespace baton::proxy {
namespace {

using programs::ConfigDocument;
using programs::Endpoint;
using programs::TcpEndpoint;
using programs::UnixEndpoint;
using test::WrongText;
using testing::ElementsAre;

Result<Config> parse(std::string_view text, const std::filesystem::path& file = "/etc/baton/proxy.toml") {
  ConfigDocument document = ConfigDocument::parse(text, file);
  return parse_config(document);
}

TEST(ProxyConfig, TakesDefaultsFromNowhereElse) {
  const auto config = parse(test::kProxyText);
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->listeners.size(), 1U);
  EXPECT_EQ(config->listeners[0].name, "listener1");
  EXPECT_THAT(config->listeners[0].listen, ElementsAre(TcpEndpoint{"::", 443}));
  EXPECT_EQ(config->listeners[0].backend, Endpoint(TcpEndpoint{"127.0.0.1", 8080}));
  EXPECT_EQ(config->listeners[0].protocol, Protocol::tls);
  ASSERT_EQ(config->links.key_stores.size(), 1U);
  EXPECT_EQ(config->links.key_stores[0].address, Endpoint(TcpEndpoint{"keystore.internal", 7600}));
  EXPECT_EQ(config->links.key_stores[0].server_name, "keystore.internal");
  EXPECT_EQ(config->links.key_stores[0].tier, 0U);
  EXPECT_EQ(config->links.tls->ca.path, "/etc/baton/ca.crt");
  EXPECT_EQ(config->links.lifetime, std::chrono::hours(1));
  EXPECT_EQ(config->links.policy.answer_timeout, std::chrono::seconds(2));
  EXPECT_FALSE(config->links.policy.hedge);
  EXPECT_EQ(config->limits.handshake_timeout, std::chrono::seconds(10));
  EXPECT_EQ(config->limits.idle_timeout, std::chrono::minutes(5));
  EXPECT_EQ(config->limits.connect_timeout, std::chrono::seconds(5));
  EXPECT_EQ(config->limits.max_connections, 0U);
  EXPECT_EQ(config->limits.max_handshakes, 10'000U);
  EXPECT_FALSE(config->limits.client_rate.is_limited());
  EXPECT_EQ(config->limits.refusal, Refusal::alert);
  EXPECT_EQ(config->limits.buffer, 64U * 1024);
}

TEST(ProxyConfig, AnAnswerIsOverdueAfterHalfTheTime) {
  const auto config = parse(std::string(test::kProxyText) + "handshake_timeout = \"1s\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->links.policy.answer_timeout, std::chrono::milliseconds(500));
}

TEST(ProxyConfig, ReadsEveryKey) {
  const auto config = parse(R"(threads = 4
[[listener]]
name = "https"
listen = ["[::]:443", "0.0.0.0:443"]
backend = "unix:app.sock"
[[listener]]
listen = ["127.0.0.1:8443"]
backend = "app.internal:80"
protocol = "tcp"
[link]
certificate = "l.crt"
private_key = "l.key"
ca = "ca.crt"
lifetime = "2s"
answer_timeout = "20ms"
hedge = true
[[key_store]]
address = "192.0.2.1:7600"
server_name = "Keystore.internal"
[[key_store]]
address = "unix:k.sock"
tier = 3
[limits]
handshake_timeout = "1s"
idle_timeout = "2s"
connect_timeout = "3s"
max_connections = 4
max_handshakes = 5
client_rate = "6/h"
refusal = "reset"
buffer = "32KiB"
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->threads, 4U);
  ASSERT_EQ(config->listeners.size(), 2U);
  EXPECT_EQ(config->listeners[0].name, "https");
  EXPECT_EQ(config->listeners[0].listen.size(), 2U);
  EXPECT_EQ(config->listeners[0].backend, Endpoint(UnixEndpoint{"/etc/baton/app.sock"}));
  EXPECT_EQ(config->listeners[0].protocol, Protocol::tls);
  EXPECT_EQ(config->listeners[1].name, "listener2");
  EXPECT_EQ(config->listeners[1].protocol, Protocol::tcp);
  EXPECT_EQ(config->listeners[1].backend, Endpoint(TcpEndpoint{"app.internal", 80}));
  ASSERT_EQ(config->links.key_stores.size(), 2U);
  EXPECT_EQ(config->links.key_stores[0].server_name, "keystore.internal");
  EXPECT_EQ(config->links.key_stores[1].address, Endpoint(UnixEndpoint{"/etc/baton/k.sock"}));
  EXPECT_EQ(config->links.key_stores[1].tier, 3U);
  EXPECT_EQ(config->links.lifetime, std::chrono::seconds(2));
  EXPECT_EQ(config->links.policy.answer_timeout, std::chrono::milliseconds(20));
  EXPECT_TRUE(config->links.policy.hedge);
  EXPECT_EQ(config->limits.handshake_timeout, std::chrono::seconds(1));
  EXPECT_EQ(config->limits.idle_timeout, std::chrono::seconds(2));
  EXPECT_EQ(config->limits.connect_timeout, std::chrono::seconds(3));
  EXPECT_EQ(config->limits.max_connections, 4U);
  EXPECT_EQ(config->limits.max_handshakes, 5U);
  EXPECT_EQ(config->limits.client_rate, (offload::Rate{6, std::chrono::hours(1)}));
  EXPECT_EQ(config->limits.refusal, Refusal::reset);
  EXPECT_EQ(config->limits.buffer, 32U * 1024);
}

TEST(ProxyConfig, NeedsNoCertificateOnAUnixSocket) {
  const auto config = parse(
      "[[listener]]\nlisten = [\"[::]:443\"]\nbackend = \"127.0.0.1:80\"\n"
      "[[key_store]]\naddress = \"unix:/run/k.sock\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_FALSE(config->links.tls);
  EXPECT_EQ(config->links.key_stores[0].server_name, "");
}

TEST(ProxyConfig, WrongAddressIsOneError) {
  const auto config = parse(test::replaced(test::kProxyText, "keystore.internal:7600", "keystore"), "p.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message,
            "p.toml:10: key_store.address: \"keystore\" is not HOST:PORT or unix:PATH");
}

TEST(ProxyConfig, ReportsAFileThatCannotBeRead) {
  const auto config = read_config("/nowhere/proxy.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message,
            "/nowhere/proxy.toml:1: cannot read /nowhere/proxy.toml: No such file or directory");
}

TEST(ProxyConfig, ReadsAListenerThatDoesItsHandshakes) {
  const auto with = [](std::string_view lines) {
    return parse(test::replaced(test::kProxyText, "backend = \"127.0.0.1:8080\"",
                                "backend = \"127.0.0.1:8080\"\n" + std::string(lines)),
                 "p.toml");
  };
  const auto error_of = [&with](std::string_view lines) {
    const auto config = with(lines);
    return config ? std::string() : test::first_line(config.error().message);
  };
  EXPECT_FALSE(parse(test::kProxyText)->listeners[0].local_tls);

  const auto config = with(
      "certificates = [{ chain = \"a.crt\" }, { chain = \"b.crt\" }]\nalpn = [\"h2\"]\nmin_version = "
      "\"1.3\"");
  ASSERT_TRUE(config) << config.error().message;
  const auto& local = config->listeners[0].local_tls;
  ASSERT_TRUE(local);
  ASSERT_EQ(local->chains.size(), 2U);
  EXPECT_EQ(local->chains[1].path, "b.crt");
  EXPECT_THAT(local->policy.alpn, ElementsAre("h2"));
  EXPECT_EQ(local->policy.min_version, tls::ProtocolVersion::tls13);

  EXPECT_EQ(
      error_of("certificates = [{ chain = \"a.crt\", private_key = \"a.key\" }]"),
      "p.toml:5: listener.certificates.private_key: the private key stays with the key stores, which sign "
      "with it: its tenant there has \"signing\" in offload");
  EXPECT_EQ(error_of("certificates = [{ chain = \"a.crt\" }]\nalpn = [\"" + std::string(256, 'a') + "\"]"),
            "p.toml:6: listener.alpn: a protocol has at most 255 bytes");
  EXPECT_EQ(error_of("certificates = [{ chain = \"a.crt\" }]\nprotocol = \"tcp\""),
            "p.toml:5: listener.certificates: has no meaning with protocol = \"tcp\"");
  EXPECT_EQ(error_of("min_version = \"1.3\""),
            "p.toml:5: listener.min_version: belongs in the key store's file, under [[tenant]], unless this "
            "listener has certificates and does the handshakes itself");
}

class WrongProxyText : public testing::TestWithParam<WrongText> {};

TEST_P(WrongProxyText, NamesTheLineAndWhatToDo) {
  const auto config = parse(test::replaced(test::kProxyText, GetParam().from, GetParam().to), "p.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(test::first_line(config.error().message), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Listener, WrongProxyText,
    testing::Values(
        WrongText{"[[listener]]", "[listener]",
                  "p.toml:2: listener: must be a table [[listener]], not a table"},
        WrongText{"[\"[::]:443\"]", "[\"unix:/x\"]",
                  "p.toml:3: listener.listen: \"unix:/x\" is not HOST:PORT; clients connect over TCP"},
        WrongText{"[\"[::]:443\"]", "[\":::443\"]",
                  "p.toml:3: listener.listen: \":::443\" has an IPv6 address without brackets; write "
                  "[ADDRESS]:PORT"},
        WrongText{"[\"[::]:443\"]", "[\"*:443\"]",
                  "p.toml:3: listener.listen: \"*:443\" is not HOST:PORT or unix:PATH: \"*\" is no IP "
                  "address or DNS "
                  "name"},
        WrongText{"[\"[::]:443\"]", "[443]", "p.toml:3: listener.listen: must be a string, not an integer"},
        WrongText{"backend = \"127.0.0.1:8080\"\n", "", "p.toml:2: listener.backend: is missing"},
        WrongText{"backend =", "protocol = \"http\"\nbackend =",
                  "p.toml:4: listener.protocol: \"http\" is not one of \"tls\", \"tcp\""},
        WrongText{
            "127.0.0.1:8080", "127.0.0.1:80800",
            "p.toml:4: listener.backend: \"127.0.0.1:80800\": the port must be a number from 1 to 65535"},
        WrongText{
            "[[listener]]", "[[listener]]\nname = \"a b\"",
            "p.toml:3: listener.name: a listener's name has at most 64 letters, digits, dots, hyphens and "
            "underscores"},
        WrongText{"[link]", "[[listener]]\nname = \"listener1\"\nlisten = [\"[::]:443\"]\n[link]",
                  "p.toml:5: listener.backend: is missing"},
        WrongText{"[link]",
                  "[[listener]]\nname = \"listener1\"\nlisten = [\"[::]:1\"]\nbackend = \"unix:/x\"\n[link]",
                  "p.toml:6: listener.name: \"listener1\" is listed twice, first in line 2"},
        WrongText{"[link]", "[[listener]]\nlisten = [\"[::]:443\"]\nbackend = \"unix:/x\"\n[link]",
                  "p.toml:6: listener.listen: \"[::]:443\" is listed twice, first in line 3"}));

INSTANTIATE_TEST_SUITE_P(
    TlsPolicy, WrongProxyText,
    testing::Values(
        WrongText{"[limits]", "[tls]\nmin_version = \"1.2\"\n[limits]",
                  "p.toml:11: tls: the application server holds no TLS policy: certificates, keys, names and "
                  "cipher "
                  "suites belong in the key store's file, under [[tenant]]"},
        WrongText{"[limits]", "[[tenant]]\nnames = [\"a.example\"]\n[limits]",
                  "p.toml:11: tenant: the application server holds no TLS policy: certificates, keys, names "
                  "and cipher "
                  "suites belong in the key store's file, under [[tenant]]"},
        WrongText{
            "backend =", "certificate = \"a.crt\"\nbackend =",
            "p.toml:4: listener.certificate: the application server holds no TLS policy: certificates, keys, "
            "names and cipher suites belong in the key store's file, under [[tenant]]"},
        WrongText{"threads = 1", "cipher_suites = []",
                  "p.toml:1: cipher_suites: the application server holds no TLS policy: certificates, keys, "
                  "names and "
                  "cipher suites belong in the key store's file, under [[tenant]]"}));

INSTANTIATE_TEST_SUITE_P(
    KeyStore, WrongProxyText,
    testing::Values(
        WrongText{"address = \"keystore.internal:7600\"\n", "", "p.toml:9: key_store.address: is missing"},
        WrongText{"[[key_store]]", "[[keystore]]",
                  "p.toml:1: key_store: is missing: add a [[key_store]] with its address"},
        WrongText{
            "[limits]", "[[key_store]]\naddress = \"keystore.internal:7600\"\n[limits]",
            "p.toml:12: key_store.address: \"keystore.internal:7600\" is listed twice, first in line 10"},
        WrongText{"[limits]", "tier = -1\n[limits]",
                  "p.toml:11: key_store.tier: -1 is out of range; write 0 to 100"},
        WrongText{"private_key = \"l.key\"\n", "",
                  "p.toml:5: link.private_key: is missing: a link over TCP is mutual TLS"},
        WrongText{"keystore.internal:7600", "unix:/run/k.sock",
                  "p.toml:6: link.certificate: is for a link over TCP; this one has a Unix socket only: "
                  "leave the "
                  "key out"},
        WrongText{
            "[limits]", "server_name = \"-\"\n[limits]",
            "p.toml:11: key_store.server_name: \"-\" is not a DNS name: labels are 1 to 63 letters, digits, "
            "hyphens (not first or last) and underscores"},
        WrongText{"ca = \"ca.crt\"", "ca = \"ca.crt\"\nlifetime = \"0s\"",
                  "p.toml:9: link.lifetime: \"0s\" is out of range; write \"1s\" to \"7d\""},
        WrongText{"64KiB", "1KiB",
                  "p.toml:12: limits.buffer: 1KiB is out of range; write \"32KiB\" to \"16MiB\""}));

}  // namespace
}  // namespace baton::proxy
