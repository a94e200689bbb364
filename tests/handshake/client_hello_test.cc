// What is chosen from the ClientHello: tenant, ALPN, group; and HelloRetryRequest.
#include "handshake/client_hello.h"

#include <gtest/gtest.h>

#include "peers.h"

namespace baton::test {
namespace {

using handshake::Progress;

Bytes server_name_extension(std::string_view name) {
  Bytes body;
  ByteWriter writer(body);
  writer.u16(static_cast<std::uint16_t>(name.size() + 3));
  writer.u8(0);
  writer.u16(static_cast<std::uint16_t>(name.size()));
  writer.bytes(as_bytes(name));
  return body;
}

TEST(ServerName, IsNormalized) {
  EXPECT_EQ(handshake::parse_server_name(server_name_extension("WWW.Example.com")).value(),
            "www.example.com");
  EXPECT_EQ(handshake::parse_server_name(server_name_extension("a_b-1.example.com.")).value(),
            "a_b-1.example.com");
}

TEST(ServerName, MustBeAHostName) {
  using std::string_literals::operator""s;
  for (const std::string& name : {""s, "."s, "a\0b"s, std::string(256, 'a'), "a b"s, "a\nb"s, "caf\xc3\xa9"s,
                                  "a/b"s, ".example.com"s}) {
    const auto parsed = handshake::parse_server_name(server_name_extension(name));
    ASSERT_FALSE(parsed) << name;
    EXPECT_EQ(parsed.error().alert, tls::Alert::unrecognized_name);
  }
  EXPECT_TRUE(handshake::parse_server_name(server_name_extension(std::string(255, 'a'))));
}

TEST(ServerName, MalformedExtensionsAreRefused) {
  const Bytes good = server_name_extension("example.com");
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto parsed = handshake::parse_server_name(ByteView(good).first(size));
    ASSERT_FALSE(parsed) << size;
    EXPECT_EQ(parsed.error().alert, tls::Alert::decode_error);
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(handshake::parse_server_name(longer));
  Bytes other_type = good;
  other_type[2] = 1;
  EXPECT_FALSE(handshake::parse_server_name(other_type));
}

TEST(Selector, SeesTheHello) {
  const auto tenant = make_tenant();
  std::string name = "none";
  bool tls13 = true;
  const auto selector = [&](const handshake::ClientHelloInfo& info) -> handshake::TenantChoice {
    name = info.server_name;
    tls13 = info.offers_tls13;
    return tenant;
  };
  BatonPeer server = accept(*make_endpoint(), selector);
  LibsslPeer client = LibsslPeer::client("WWW.EXAMPLE.COM");
  connect(client, server);
  EXPECT_EQ(name, kName);
  EXPECT_TRUE(tls13);

  server = accept(*make_endpoint(), selector);
  client = LibsslPeer::client("");
  SSL_set_max_proto_version(client.ssl(), TLS1_2_VERSION);
  connect(client, server);
  EXPECT_EQ(name, "");
  EXPECT_FALSE(tls13);
  EXPECT_EQ(server.progress(), Progress::complete);
}

TEST(Selector, RefusesWithItsAlertAndReason) {
  BatonPeer server =
      accept(*make_endpoint(), [](const handshake::ClientHelloInfo&) -> handshake::TenantChoice {
        return handshake::SelectRefused{tls::Alert::unrecognized_name, "no such name here"};
      });
  BatonPeer client = make_client();
  connect(client, server);
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_EQ(server->failure().alert, tls::Alert::unrecognized_name);
  EXPECT_EQ(server->failure().reason, "no such name here");
  EXPECT_FALSE(server->failure().from_peer);
  EXPECT_EQ(server->summary().server_name, kName);
  ASSERT_EQ(client.progress(), Progress::failed);
  EXPECT_EQ(client->failure().alert, tls::Alert::unrecognized_name);
  EXPECT_TRUE(client->failure().from_peer);
}

TEST(Selector, WithoutATenantIsAnInternalError) {
  BatonPeer server = accept(*make_endpoint(), always(nullptr));
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_EQ(server->failure().alert, tls::Alert::internal_error);
}

struct AlpnCase {
  std::vector<std::string> server;
  std::vector<std::string> client;
  std::string chosen;
  bool completes = true;
};

TEST(Alpn, TheServersPreferenceDecides) {
  const std::vector<AlpnCase> cases = {{{"h2", "http/1.1"}, {"http/1.1", "h2"}, "h2"},
                                       {{"h2", "http/1.1"}, {"http/1.1"}, "http/1.1"},
                                       {{"h2"}, {}, ""},
                                       {{}, {"h2"}, ""},
                                       {{"h2"}, {"h", "h22"}, "", false}};
  for (tls::ProtocolVersion version : {tls::ProtocolVersion::tls12, tls::ProtocolVersion::tls13}) {
    for (const AlpnCase& alpn : cases) {
      handshake::TenantPolicy policy;
      policy.alpn = alpn.server;
      policy.max_version = version;
      BatonPeer server = make_server(make_tenant(policy));
      handshake::ClientOptions options;
      options.alpn = alpn.client;
      BatonPeer client = make_client(std::move(options));
      connect(client, server);
      if (!alpn.completes) {
        ASSERT_EQ(server.progress(), Progress::failed);
        EXPECT_EQ(server->failure().alert, tls::Alert::no_application_protocol);
        EXPECT_EQ(client->failure().alert, tls::Alert::no_application_protocol);
        continue;
      }
      ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
      EXPECT_EQ(server->summary().alpn, alpn.chosen);
      EXPECT_EQ(client->summary().alpn, alpn.chosen);
      EXPECT_EQ(server->take_state()->alpn, alpn.chosen);
    }
  }
}

handshake::ServerOptions with_groups(std::vector<std::string> groups) {
  handshake::ServerOptions options;
  options.groups = std::move(groups);
  return options;
}

TEST(HelloRetry, CompletesAndContinues) {
  BatonPeer server = make_server(make_tenant(), with_groups({"P-256"}));
  LibsslPeer client = LibsslPeer::client(kName);
  ASSERT_EQ(SSL_set1_groups_list(client.ssl(), "X25519:P-256"), 1);
  client.start();
  const Bytes first = client.take_output();
  server.receive(first);
  client.receive(server.take_output());
  ASSERT_FALSE(client.complete()) << "the server must have asked for another group";
  const Streams rest = pump(client, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  EXPECT_EQ(server->summary().group, "P-256");
  Bytes stream = first;
  append(stream, rest.to_server);
  tls::Connection connection = continue_connection(server, stream);
  EXPECT_EQ(connection.state().group, 23);
  expect_data_passes(connection, client);
}

TEST(HelloRetry, OfOurClientWorks) {
  LibsslPeer server = LibsslPeer::server(certificate_for_name(KeyType::p256));
  ASSERT_EQ(SSL_set1_groups_list(server.ssl(), "P-384"), 1);
  BatonPeer client = make_client();
  const Streams streams = connect(client, server);
  ASSERT_EQ(client.progress(), Progress::complete) << client->failure().reason;
  EXPECT_EQ(client->summary().group, "P-384");
  tls::Connection connection = continue_connection(client, streams.to_client);
  expect_data_passes(connection, server);
}

TEST(HelloRetry, MayNotChangeTheName) {
  BatonPeer server = make_server(make_tenant(), with_groups({"P-256"}));
  LibsslPeer client = LibsslPeer::client(kName);
  ASSERT_EQ(SSL_set1_groups_list(client.ssl(), "X25519:P-256"), 1);
  client.start();
  server.receive(client.take_output());
  char other[] = "secret.example.com";
  SSL_ctrl(client.ssl(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, other);
  client.receive(server.take_output());
  pump(client, server);
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_EQ(server->failure().alert, tls::Alert::illegal_parameter);
  EXPECT_EQ(server->failure().reason, "the second ClientHello names another server");
}

TEST(Groups, UnknownOnesAreNamed) {
  const auto endpoint = handshake::ServerEndpoint::create(with_groups({"X25519", "nonsense"}));
  ASSERT_FALSE(endpoint);
  EXPECT_NE(endpoint.error().message.find("nonsense"), std::string::npos);
}

}  // namespace
}  // namespace baton::test
