// R8: handshakes that fail, the alert that the peer gets, and the reason that the operator gets.
#include <gtest/gtest.h>

#include "peers.h"

namespace baton::test {
namespace {

using handshake::Progress;
using tls::Alert;
using tls::ProtocolVersion;

void expect_failure(BatonPeer& peer, Alert alert, std::string_view reason, bool from_peer = false) {
  ASSERT_EQ(peer.progress(), Progress::failed);
  EXPECT_EQ(peer->failure().alert, alert) << tls::to_string(peer->failure().alert);
  EXPECT_NE(peer->failure().reason.find(reason), std::string::npos) << peer->failure().reason;
  EXPECT_EQ(peer->failure().from_peer, from_peer);
  EXPECT_FALSE(peer->take_state());
}

Bytes plaintext_alert(Alert alert) {
  return {21, 3, 3, 0, 2, 2, static_cast<std::uint8_t>(alert)};
}

void expect_plaintext_alert(BatonPeer& server, ByteView input, Alert alert, std::string_view reason) {
  server.receive(input);
  expect_failure(server, alert, reason);
  EXPECT_EQ(server->take_output(), plaintext_alert(alert));
}

TEST(Refusal, OldVersions) {
  BatonPeer server = make_server(make_tenant());
  LibsslPeer client = LibsslPeer::client(kName);
  SSL_set_security_level(client.ssl(), 0);
  SSL_set_min_proto_version(client.ssl(), TLS1_1_VERSION);
  SSL_set_max_proto_version(client.ssl(), TLS1_1_VERSION);
  ASSERT_EQ(SSL_set_cipher_list(client.ssl(), "ALL:@SECLEVEL=0"), 1);
  connect(client, server);
  expect_failure(server, Alert::protocol_version, "unsupported protocol");
}

TEST(Refusal, VersionsOutsideThePolicy) {
  handshake::TenantPolicy policy;
  policy.min_version = ProtocolVersion::tls13;
  BatonPeer server = make_server(make_tenant(policy));
  LibsslPeer client = LibsslPeer::client(kName);
  SSL_set_max_proto_version(client.ssl(), TLS1_2_VERSION);
  connect(client, server);
  expect_failure(server, Alert::protocol_version, "unsupported protocol");
}

TEST(Refusal, NoSharedSuite) {
  for (const auto& [ours, theirs, version] :
       std::vector<std::tuple<const char*, const char*, ProtocolVersion>>{
           {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", ProtocolVersion::tls13},
           {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            ProtocolVersion::tls12}}) {
    handshake::TenantPolicy policy;
    policy.cipher_suites = {ours};
    BatonPeer server = make_server(make_tenant(policy));
    handshake::ClientOptions options;
    options.cipher_suites = {theirs};
    BatonPeer client = make_client(std::move(options));
    connect(client, server);
    expect_failure(server, Alert::handshake_failure, "no shared cipher");
    expect_failure(client, Alert::handshake_failure, "handshake_failure", true);
  }
}

TEST(Refusal, OtherSuitesThanAead) {
  BatonPeer server = make_server(make_tenant({}, {KeyType::rsa2048}));
  LibsslPeer client = LibsslPeer::client(kName);
  SSL_set_max_proto_version(client.ssl(), TLS1_2_VERSION);
  ASSERT_EQ(SSL_set_cipher_list(client.ssl(), "ECDHE-RSA-AES128-SHA256:AES128-GCM-SHA256"), 1);
  connect(client, server);
  expect_failure(server, Alert::handshake_failure, "no shared cipher");
}

TEST(Refusal, NoSharedGroup) {
  handshake::ServerOptions options;
  options.groups = {"P-384"};
  BatonPeer server = make_server(make_tenant(), std::move(options));
  LibsslPeer client = LibsslPeer::client(kName);
  ASSERT_EQ(SSL_set1_groups_list(client.ssl(), "X25519:P-256"), 1);
  connect(client, server);
  expect_failure(server, Alert::handshake_failure, "no suitable key share");
}

TEST(Refusal, Http) {
  for (const char* request : {"GET / HTTP/1.1\r\n", "POST /", "CONNECT a", "PRI * HTTP/2.0"}) {
    BatonPeer server = make_server(make_tenant());
    expect_plaintext_alert(server, as_bytes(request), Alert::unexpected_message,
                           "HTTP request on a TLS port");
  }
}

TEST(Refusal, Garbage) {
  BatonPeer server = make_server(make_tenant());
  expect_plaintext_alert(server, as_bytes("\x80\x2e\x01\x03\x01"), Alert::unexpected_message,
                         "unknown content type 128");
  server = make_server(make_tenant());
  expect_plaintext_alert(server, Bytes{22, 9, 9, 0, 1, 1}, Alert::protocol_version, "wrong version number");
  server = make_server(make_tenant());
  server.receive(Bytes{22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3});  // a ClientHello that ends too early
  expect_failure(server, Alert::decode_error, "length");
}

TEST(Refusal, OversizedRecord) {
  BatonPeer server = make_server(make_tenant());
  expect_plaintext_alert(server, Bytes{22, 3, 1, 0x48, 0x01}, Alert::record_overflow,
                         "record of 18433 bytes");
}

// Once there are handshake keys, the alert is sealed by libssl.
TEST(Refusal, OversizedRecordInPlaceOfTheFinished) {
  BatonPeer server = make_server(make_tenant());
  LibsslPeer client = LibsslPeer::client(kName);
  client.start();
  server.receive(client.take_output());
  server->take_output();
  server.receive(Bytes{23, 3, 3, 0x48, 0x01});
  expect_failure(server, Alert::record_overflow, "record of 18433 bytes");
  const Bytes alert = server->take_output();
  ASSERT_FALSE(alert.empty());
  EXPECT_EQ(alert[0], 23);
}

TEST(Refusal, UnknownRecordInPlaceOfTheFinished) {
  BatonPeer server = make_server(make_tenant());
  LibsslPeer client = LibsslPeer::client(kName);
  client.start();
  server.receive(client.take_output());
  server->take_output();
  server.receive(Bytes{99, 3, 3, 0, 1});
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_EQ(server->failure().reason, "unknown content type 99");
}

TEST(Refusal, TooManyBytes) {
  handshake::ServerOptions options;
  options.max_handshake_bytes = 1000;
  BatonPeer server = make_server(make_tenant(), std::move(options));
  // A ClientHello of 16 MB, in records of 100 bytes.
  Bytes fragment = {22, 3, 1, 0, 100, 1, 0xff, 0xff, 0xff};
  fragment.resize(105);
  for (int i = 0; i < 20 && server.progress() == Progress::need_bytes; ++i) server.receive(fragment);
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_LE(server->consumed(), 1000U);
}

TEST(Refusal, TooManyBytesOfALegalClientHello) {
  handshake::ServerOptions options;
  options.max_handshake_bytes = 1000;
  BatonPeer server = make_server(make_tenant(), std::move(options));
  Bytes fragment = {22, 3, 1, 0, 100, 1, 0, 0x40, 0};  // 16 kB
  fragment.resize(105);
  for (int i = 0; i < 9; ++i) {
    server.receive(fragment);
    ASSERT_EQ(server.progress(), Progress::need_bytes) << server->failure().reason;
    fragment[5] = fragment[7] = 0;
  }
  server.receive(fragment);
  expect_failure(server, Alert::handshake_failure, "more bytes than allowed");
}

TEST(Refusal, TooManyBytesInARecordThatNeverEnds) {
  handshake::ServerOptions options;
  options.max_handshake_bytes = 1000;
  BatonPeer server = make_server(make_tenant(), std::move(options));
  server.receive(Bytes{22, 3, 1, 0x40, 0});
  server.receive(Bytes(995));
  EXPECT_EQ(server.progress(), Progress::need_bytes);
  server.receive(Bytes(1));
  expect_failure(server, Alert::handshake_failure, "more bytes than allowed");
}

TEST(Refusal, TruncatedStreamsOnlyWait) {
  BatonPeer client = make_client();
  client.start();
  const Bytes hello = client->take_output();
  for (std::size_t size = 0; size < hello.size(); size += 7) {
    BatonPeer server = make_server(make_tenant());
    server.receive(ByteView(hello).first(size));
    EXPECT_EQ(server.progress(), Progress::need_bytes);
    EXPECT_EQ(server->consumed(), 0U);
    EXPECT_TRUE(server->take_output().empty());
  }
}

class RefusalByVersion : public testing::TestWithParam<ProtocolVersion> {};
INSTANTIATE_TEST_SUITE_P(Versions, RefusalByVersion,
                         testing::Values(ProtocolVersion::tls12, ProtocolVersion::tls13));

TEST_P(RefusalByVersion, PlaintextAlertInPlaceOfTheFinished) {
  handshake::TenantPolicy policy;
  policy.max_version = GetParam();
  BatonPeer server = make_server(make_tenant(policy));
  LibsslPeer client = LibsslPeer::client(kName);
  client.start();
  server.receive(client.take_output());
  server.receive(plaintext_alert(Alert::unknown_ca));
  expect_failure(server, Alert::unknown_ca, "the peer sent the alert unknown_ca", true);
}

TEST_P(RefusalByVersion, CloseInPlaceOfTheFinished) {
  handshake::TenantPolicy policy;
  policy.max_version = GetParam();
  BatonPeer server = make_server(make_tenant(policy));
  LibsslPeer client = LibsslPeer::client(kName);
  client.start();
  server.receive(client.take_output());
  server.receive(Bytes{21, 3, 3, 0, 2, 1, 0});
  expect_failure(server, Alert::close_notify, "close_notify", true);
}

TEST_P(RefusalByVersion, ClientsDistrustIsReportedOnBothSides) {
  const TestCa other("another CA");
  handshake::TenantPolicy policy;
  policy.max_version = GetParam();
  BatonPeer server = make_server(make_tenant(policy));
  handshake::ClientOptions options;
  options.ca_pem = other.pem();
  BatonPeer client = make_client(std::move(options));
  connect(client, server);
  expect_failure(client, Alert::unknown_ca,
                 "certificate verify failed: unable to get local issuer certificate");
  expect_failure(server, Alert::unknown_ca, "unknown_ca", true);
}

TEST_P(RefusalByVersion, ClientVerifiesTheName) {
  LibsslPeer server = LibsslPeer::server(certificate_for_name(KeyType::p256));
  handshake::ClientOptions options;
  options.server_name = "other.example.com";
  options.max_version = GetParam();
  BatonPeer client = make_client(std::move(options));
  connect(client, server);
  expect_failure(client, Alert::bad_certificate, "hostname mismatch");
}

TEST_P(RefusalByVersion, ClientVerifiesTheValidity) {
  CertificateOptions expired;
  expired.dns_names = {kName};
  expired.valid_until = -60;
  LibsslPeer server = LibsslPeer::server(test_ca().issue(expired));
  handshake::ClientOptions options;
  options.max_version = GetParam();
  BatonPeer client = make_client(std::move(options));
  connect(client, server);
  expect_failure(client, Alert::certificate_expired, "certificate has expired");
}

TEST(Client, VerifiesAddressesAndSendsNoNameForThem) {
  CertificateOptions with_address;
  with_address.ip_addresses = {"192.0.2.1", "2001:db8::1"};
  for (const auto& [address, matches] : std::vector<std::pair<const char*, bool>>{
           {"192.0.2.1", true}, {"2001:db8::1", true}, {"192.0.2.2", false}}) {
    LibsslPeer server = LibsslPeer::server(test_ca().issue(with_address));
    handshake::ClientOptions options;
    options.server_name = address;
    BatonPeer client = make_client(std::move(options));
    connect(client, server);
    EXPECT_EQ(client.progress() == Progress::complete, matches) << address;
    EXPECT_EQ(SSL_get_servername(server.ssl(), TLSEXT_NAMETYPE_host_name), nullptr);
  }
}

TEST(Client, DemandsAName) {
  for (const char* name : {"", "not a name", "a/b"}) {
    handshake::ClientOptions options;
    options.server_name = name;
    EXPECT_FALSE(handshake::ClientEndpoint::create(std::move(options)));
  }
}

TEST(Client, SaysThatTheServerSpeaksHttp) {
  BatonPeer client = make_client();
  client.start();
  client.receive(as_bytes("HTTP/1.1 400 Bad Request\r\n"));
  expect_failure(client, Alert::unexpected_message, "HTTP answer without TLS");
}

}  // namespace
}  // namespace baton::test
