// Loading of credentials, client certificates, and large chains.
#include <gtest/gtest.h>

#include "peers.h"

namespace baton::test {
namespace {

using handshake::Progress;
using tls::ProtocolVersion;

std::string load_error(handshake::TenantPolicy policy, std::vector<handshake::Credential> credentials) {
  policy.label = "shop";
  const auto tenant = handshake::Tenant::load(std::move(policy), std::move(credentials));
  return tenant ? "loaded" : tenant.error().message;
}

std::string load_error(const TestCertificate& certificate) {
  std::vector<handshake::Credential> credentials;
  credentials.push_back(credential(certificate));
  return load_error({}, std::move(credentials));
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Load, Expired) {
  CertificateOptions options;
  options.valid_until = -60;
  const std::string error = load_error(test_ca().issue(options));
  EXPECT_TRUE(contains(error, "chain.pem: the certificate expired on ")) << error;
}

TEST(Load, NotYetValid) {
  CertificateOptions options;
  options.valid_from = 3600;
  const std::string error = load_error(test_ca().issue(options));
  EXPECT_TRUE(contains(error, "chain.pem: the certificate is not valid before ")) << error;
}

TEST(Load, KeyOfAnotherCertificate) {
  for (KeyType key : {KeyType::p256, KeyType::rsa2048, KeyType::ed25519}) {
    TestCertificate mixed = test_ca().issue({});
    mixed.key_pem = key_to_pem(make_key(key).get());
    const std::string error = load_error(mixed);
    EXPECT_TRUE(contains(error, "the key in key.pem does not belong to the first certificate in chain.pem"))
        << error;
  }
}

TEST(Load, KeyUnderAPassphrase) {
  TestCertificate certificate = test_ca().issue({});
  certificate.key_pem = key_to_encrypted_pem(make_key(KeyType::p256).get(), "secret");
  const std::string error = load_error(certificate);
  EXPECT_TRUE(contains(error, "key.pem is protected by a passphrase")) << error;
}

TEST(Load, KeysThatAreTooWeakOrUnusual) {
  for (KeyType key : {KeyType::rsa1024, KeyType::p521}) {
    CertificateOptions options;
    options.key_type = key;
    const std::string error = load_error(test_ca().issue(options));
    EXPECT_TRUE(contains(error, "key.pem: the kind of key is not supported")) << error;
  }
}

TEST(Load, TextThatIsNoPem) {
  TestCertificate certificate = test_ca().issue({});
  certificate.key_pem = "nonsense";
  EXPECT_TRUE(contains(load_error(certificate), "key.pem: no private key can be read"));
  certificate = test_ca().issue({});
  certificate.chain_pem = "nonsense";
  EXPECT_TRUE(contains(load_error(certificate), "chain.pem holds no certificate"));
  certificate = test_ca().issue({});
  certificate.chain_pem += "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  EXPECT_TRUE(contains(load_error(certificate), "chain.pem: certificate 2 cannot be read"));
}

TEST(Load, TwoKeysOfOneKind) {
  std::vector<handshake::Credential> credentials;
  credentials.push_back(credential(certificate_for_name(KeyType::p256)));
  credentials.push_back(credential(certificate_for_name(KeyType::p384)));
  EXPECT_TRUE(contains(load_error({}, std::move(credentials)), "another certificate with this kind of key"));
  EXPECT_TRUE(contains(load_error({}, {}), "shop has no certificate"));
}

TEST(Load, PoliciesThatCannotWork) {
  const auto error_of = [](handshake::TenantPolicy policy) {
    std::vector<handshake::Credential> credentials;
    credentials.push_back(credential(certificate_for_name(KeyType::p256)));
    return load_error(std::move(policy), std::move(credentials));
  };
  handshake::TenantPolicy policy;
  policy.cipher_suites = {"TLS_RSA_WITH_AES_128_CBC_SHA"};
  EXPECT_TRUE(contains(error_of(policy), "unknown cipher suite \"TLS_RSA_WITH_AES_128_CBC_SHA\""));
  policy.cipher_suites = {"TLS_AES_128_GCM_SHA256"};
  policy.max_version = ProtocolVersion::tls12;
  EXPECT_TRUE(contains(error_of(policy), "no cipher suite fits"));
  policy = {};
  policy.min_version = ProtocolVersion::tls13;
  policy.max_version = ProtocolVersion::tls12;
  EXPECT_TRUE(contains(error_of(policy), "no cipher suite fits"));
  policy = {};
  policy.alpn = {std::string(256, 'a')};
  EXPECT_TRUE(contains(error_of(policy), "1 to 255 bytes"));
  policy = {};
  policy.client_ca_pem = "nonsense";
  EXPECT_TRUE(contains(error_of(policy), "the client certificate authorities of shop"));
  EXPECT_EQ(error_of({}), "loaded");
}

class Certificates : public testing::TestWithParam<ProtocolVersion> {
 protected:
  static handshake::TenantPolicy demanding() {
    handshake::TenantPolicy policy;
    policy.client_ca_pem = test_ca().pem();
    policy.max_version = GetParam();
    return policy;
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, Certificates,
                         testing::Values(ProtocolVersion::tls12, ProtocolVersion::tls13));

TEST_P(Certificates, OfClientsAreVerifiedAndNamed) {
  for (KeyType key : {KeyType::p256, KeyType::rsa2048, KeyType::ed25519}) {
    CertificateOptions options;
    options.key_type = key;
    options.dns_names = {"client.example.com", "second.example.com"};
    options.uris = {"spiffe://example.com/client"};
    options.ip_addresses = {"192.0.2.1"};
    handshake::ClientOptions client_options;
    client_options.credential = credential(test_ca().issue(options));
    BatonPeer client = make_client(std::move(client_options));
    BatonPeer server = make_server(make_tenant(demanding()));
    connect(client, server);
    ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
    EXPECT_EQ(server->summary().peer_names,
              (std::vector<std::string>{"client.example.com", "second.example.com",
                                        "spiffe://example.com/client"}));
  }
}

TEST_P(Certificates, AreDemanded) {
  BatonPeer client = make_client();
  BatonPeer server = make_server(make_tenant(demanding()));
  connect(client, server);
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_TRUE(contains(server->failure().reason, "peer did not return a certificate"))
      << server->failure().reason;
}

TEST_P(Certificates, OfAnotherAuthorityAreRefused) {
  LibsslPeer client = LibsslPeer::client(kName);
  client.use_certificate(TestCa("test CA").issue({}));  // the same name, another key
  BatonPeer server = make_server(make_tenant(demanding()));
  connect(client, server);
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_TRUE(contains(server->failure().reason, "certificate verify failed")) << server->failure().reason;
  EXPECT_TRUE(server->summary().peer_names.empty());
}

TEST_P(Certificates, NamesWithControlBytesAreLeftOut) {
  CertificateOptions options;
  options.dns_names = {"good.example.com", std::string("bad\x01.example.com")};
  LibsslPeer client = LibsslPeer::client(kName);
  client.use_certificate(test_ca().issue(options));
  BatonPeer server = make_server(make_tenant(demanding()));
  connect(client, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  EXPECT_EQ(server->summary().peer_names, std::vector<std::string>{"good.example.com"});
}

TEST_P(Certificates, ChainsOf64KilobytesPassBothWays) {
  CertificateOptions options;
  options.dns_names = {kName};
  const TestCertificate large = test_ca().issue_with_chain(options, 8, 7500);
  ASSERT_GT(large.chain_pem.size(), 80'000U);  // PEM is larger by a third
  handshake::TenantPolicy policy = demanding();
  policy.label = "large";
  std::vector<handshake::Credential> credentials;
  credentials.push_back(credential(large));
  auto tenant = handshake::Tenant::load(policy, std::move(credentials));
  ASSERT_TRUE(tenant) << tenant.error().message;
  handshake::ClientOptions client_options;
  client_options.credential = credential(large);
  BatonPeer client = make_client(std::move(client_options));
  BatonPeer server = make_server(*tenant);
  const Streams streams = connect(client, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  ASSERT_EQ(client.progress(), Progress::complete) << client->failure().reason;
  EXPECT_GT(streams.to_server.size(), 60'000U);
  EXPECT_GT(streams.to_client.size(), 60'000U);
  EXPECT_EQ(server->summary().peer_names, std::vector<std::string>{kName});
  tls::Connection at_server = continue_connection(server, streams.to_server);
  tls::Connection at_client = continue_connection(client, streams.to_client);
  expect_data_passes(at_server, at_client);
}

}  // namespace
}  // namespace baton::test
