// What was negotiated is known after an import, and is what libssl knows at the other end.
#include <openssl/ec.h>

#include "api_handover.h"
#include "baton_pair.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

constexpr UnixTime kHandshakeTime{std::chrono::seconds(1'700'000'000)};
constexpr std::uint8_t kProtocols[] = "\x02h2\x08http/1.1";  // RFC 7301, with a zero behind it
constexpr unsigned kProtocolsSize = sizeof kProtocols - 1;

// One whose claim store sees no other clock.
const Seal& seal_at_handshake_time() {
  static const Seal seal = make_seal({.audience = "tests", .purpose = "handover"});
  return seal;
}

Config with_clock(Config config) {
  return config.set_clock([] { return kHandshakeTime; });
}

// In TLS 1.2 the curve of an ECDSA certificate must be among the groups, too.
std::vector<std::string> groups_led_by(const std::string& group) {
  if (group == "P-256") return {group};
  return {group, "P-256"};
}

Config make_config(Role role, const tls::CipherSuite& suite, const std::string& group) {
  if (role == Role::server) {
    ServerSettings settings = server_settings(suite);
    settings.alpn = {"http/1.1"};
    settings.groups = groups_led_by(group);
    return with_clock(serializable(Config::server(std::move(settings))));
  }
  ClientSettings settings = client_settings(suite);
  settings.alpn = {"spdy/3", "http/1.1"};
  settings.groups = groups_led_by(group);
  return with_clock(serializable(Config::client(std::move(settings))));
}

int choose_http11(SSL* /*ssl*/, const unsigned char** out, unsigned char* size, const unsigned char* /*in*/,
                  unsigned /*in_size*/, void* /*unused*/) {
  *out = kProtocols + 4;
  *size = 8;
  return SSL_TLSEXT_ERR_OK;
}

LibsslPeer make_peer(Role role, const tls::CipherSuite& suite) {
  if (role == Role::server) {
    LibsslPeer server = LibsslPeer::server(certificate_for_name(key_type_of(suite)));
    SSL_CTX_set_alpn_select_cb(SSL_get_SSL_CTX(server.ssl()), choose_http11, nullptr);
    return server;
  }
  LibsslPeer client = LibsslPeer::client(kName);
  EXPECT_EQ(SSL_set_alpn_protos(client.ssl(), kProtocols, kProtocolsSize), 0);
  return client;
}

std::string group_of(SSL* ssl) {
  const int nid = static_cast<int>(SSL_ctrl(ssl, SSL_CTRL_GET_NEGOTIATED_GROUP, 0, nullptr));
  const char* nist_name = EC_curve_nid2nist(nid);
  return nist_name != nullptr ? nist_name : OBJ_nid2sn(nid);
}

std::string alpn_of(SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &name, &size);
  return std::string(as_text({name, size}));
}

void expect_known(const Connection& connection, Role role, SSL* peer) {
  EXPECT_EQ(connection.role(), role);
  EXPECT_EQ(to_string(connection.protocol_version()), SSL_get_version(peer));
  EXPECT_EQ(connection.cipher_suite(), SSL_CIPHER_standard_name(SSL_get_current_cipher(peer)));
  EXPECT_EQ(connection.alpn(), alpn_of(peer));
  EXPECT_EQ(connection.alpn(), "http/1.1");
  EXPECT_EQ(connection.server_name(), SSL_get_servername(peer, TLSEXT_NAMETYPE_host_name));
  EXPECT_EQ(connection.server_name(), kName);
  EXPECT_EQ(connection.resumed(), SSL_session_reused(peer) == 1);
  EXPECT_EQ(connection.handshake_time(), kHandshakeTime);
}

class Metadata : public RoleAndSuiteTest {};

TEST_P(Metadata, IsKnownBeforeAndAfterTheImport) {
  const Config continuing_config = with_clock(continuing(role()));
  for (const std::string group : {"P-256", "P-384", "P-521", "X25519", "X448"}) {
    SCOPED_TRACE(group);
    LibsslPeer peer = make_peer(other(role()), suite());
    Connection connection = shake_hands(make_config(role(), suite(), group), peer);
    for (const bool imported : {false, true}) {
      SCOPED_TRACE(imported);
      if (imported) hand_over(connection, continuing_config, seal_at_handshake_time());
      expect_known(connection, role(), peer.ssl());
      EXPECT_EQ(connection.group(), group_of(peer.ssl()));
      EXPECT_EQ(connection.group(), group);
    }
  }
}

TEST_P(Metadata, WhatWasNotNegotiatedIsAbsent) {
  LibsslPeer peer = role() == Role::server ? LibsslPeer::client("")
                                           : LibsslPeer::server(certificate_for_name(key_type_of(suite())));
  Connection connection = shake_hands(config_for(role(), suite()), peer);
  for (const bool imported : {false, true}) {
    if (imported) hand_over(connection, continuing(role()));
    EXPECT_EQ(connection.alpn(), std::nullopt);
    EXPECT_EQ(connection.server_name().has_value(), role() == Role::client);
    EXPECT_EQ(connection.resumed(), false);
    EXPECT_EQ(connection.peer_certificate_digest(), std::nullopt);
    EXPECT_TRUE(connection.peer_certificate_chain().empty());
    EXPECT_FALSE(connection.can_export_keying_material());
  }
}

INSTANTIATE_TEST_SUITE_P(EverySuite, Metadata, testing::ValuesIn(every_role_and_suite()),
                         name_of_role_and_suite);

class ResumedMetadata : public RoleAndSuiteTest {};

// Only Baton's server resumes.
TEST_P(ResumedMetadata, SaysSo) {
  const Config config = make_config(Role::server, suite(), "X25519");
  LibsslPeer first = make_peer(Role::client, suite());
  const Connection full = shake_hands(config, first);
  EXPECT_EQ(full.resumed(), false);
  ASSERT_NE(first.session(), nullptr);
  LibsslPeer second = make_peer(Role::client, suite());
  ASSERT_EQ(SSL_set_session(second.ssl(), first.session().get()), 1);
  Connection resumed = shake_hands(config, second);
  ASSERT_EQ(SSL_session_reused(second.ssl()), 1);
  for (const bool imported : {false, true}) {
    if (imported) hand_over(resumed, with_clock(continuing(Role::server)), seal_at_handshake_time());
    expect_known(resumed, Role::server, second.ssl());
    EXPECT_EQ(resumed.resumed(), true);
  }
}

INSTANTIATE_TEST_SUITE_P(EverySuite, ResumedMetadata, testing::ValuesIn(every_suite_as(Role::server)),
                         name_of_role_and_suite);

}  // namespace
}  // namespace baton::test
