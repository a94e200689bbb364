// The peer's certificate is known as far as it was asked for, before and after an import.
#include <openssl/pem.h>

#include "api_handover.h"
#include "baton_pair.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

using Digest = std::array<std::uint8_t, 32>;

// As the peer holds it, leaf first.
std::vector<Bytes> der_chain(const TestCertificate& certificate) {
  std::vector<Bytes> chain;
  BIO* bio = BIO_new_mem_buf(certificate.chain_pem.data(), static_cast<int>(certificate.chain_pem.size()));
  while (X509* one = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) {
    Bytes& der = chain.emplace_back(static_cast<std::size_t>(i2d_X509(one, nullptr)));
    std::uint8_t* out = der.data();
    i2d_X509(one, &out);
    X509_free(one);
  }
  BIO_free(bio);
  return chain;
}

Digest sha256(ByteView bytes) {
  Digest digest{};
  EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr), 1);
  return digest;
}

TestCertificate issue(int intermediates, std::size_t padding = 0) {
  CertificateOptions options;
  options.dns_names = {kName};
  return test_ca().issue_with_chain(options, intermediates, padding);
}

Config config_keeping(PeerIdentity kept, Role role, const tls::CipherSuite& suite) {
  if (role == Role::client) {
    ClientSettings settings = client_settings(suite);
    settings.keep.peer = kept;
    return serializable(Config::client(std::move(settings)));
  }
  ServerSettings settings = server_settings(suite);
  settings.client_ca_pem = test_ca().pem();
  settings.keep.peer = kept;
  return serializable(Config::server(std::move(settings)));
}

LibsslPeer peer_with(const TestCertificate& certificate, Role role) {
  if (role == Role::server) return LibsslPeer::server(certificate);
  LibsslPeer client = LibsslPeer::client(kName);
  client.use_certificate(certificate);
  return client;
}

void expect_known(const Connection& connection, const std::vector<Bytes>& chain,
                  std::optional<Digest> digest) {
  EXPECT_EQ(connection.peer_certificate_chain(), chain);
  EXPECT_EQ(connection.peer_certificate_digest(), digest);
}

// Before and after the import.
void expect_kept(Connection connection, const std::vector<Bytes>& chain, std::optional<Digest> digest) {
  const Config config = continuing(connection.role());
  expect_known(connection, chain, digest);
  hand_over(connection, config);
  expect_known(connection, chain, digest);
}

// Suites of ECDSA: the libssl server has a certificate of that kind.
class PeerCertificate : public RoleAndSuiteTest {
 protected:
  Connection connect(PeerIdentity kept, const TestCertificate& certificate) {
    LibsslPeer peer = peer_with(certificate, other(role()));
    return shake_hands(config_keeping(kept, role(), suite()), peer);
  }
};

// Baton's client resumes nothing.
class ResumedPeerCertificate : public RoleAndSuiteTest {};

TEST_P(PeerCertificate, IsKeptAsFarAsAskedFor) {
  const TestCertificate certificate = issue(2);
  const std::vector<Bytes> chain = der_chain(certificate);
  ASSERT_EQ(chain.size(), 3u);
  expect_kept(connect(PeerIdentity::none, certificate), {}, std::nullopt);
  expect_kept(connect(PeerIdentity::digest, certificate), {}, sha256(chain[0]));
  expect_kept(connect(PeerIdentity::chain, certificate), chain, sha256(chain[0]));
}

TEST_P(PeerCertificate, OfAChainThatIsTooLongTheDigestIsKept) {
  const TestCertificate certificate = issue(3, 12'000);
  expect_kept(connect(PeerIdentity::chain, certificate), {}, sha256(der_chain(certificate)[0]));
}

TEST_P(ResumedPeerCertificate, IsKnownAsTheLeafOnly) {
  const TestCertificate certificate = issue(1);
  const Bytes leaf = der_chain(certificate)[0];
  const Config config = config_keeping(PeerIdentity::chain, role(), suite());
  LibsslPeer first = peer_with(certificate, Role::client);
  const Connection full = shake_hands(config, first);
  EXPECT_EQ(full.peer_certificate_chain().size(), 2u);
  LibsslPeer second = peer_with(certificate, Role::client);
  ASSERT_EQ(SSL_set_session(second.ssl(), first.session().get()), 1);
  Connection resumed = shake_hands(config, second);
  EXPECT_EQ(resumed.resumed(), true);
  expect_kept(std::move(resumed), {leaf}, sha256(leaf));
}

std::vector<RoleAndSuite> only_ecdsa(std::vector<RoleAndSuite> all) {
  std::erase_if(all, [](const RoleAndSuite& one) { return key_type_of(*one.suite) == KeyType::rsa2048; });
  return all;
}

INSTANTIATE_TEST_SUITE_P(EcdsaSuites, PeerCertificate, testing::ValuesIn(only_ecdsa(every_role_and_suite())),
                         name_of_role_and_suite);
INSTANTIATE_TEST_SUITE_P(EcdsaSuites, ResumedPeerCertificate,
                         testing::ValuesIn(only_ecdsa(every_suite_as(Role::server))), name_of_role_and_suite);

}  // namespace
}  // namespace baton::test
