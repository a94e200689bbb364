// Tickets: they resume at their own name and policy, and nowhere else.
#include <gtest/gtest.h>

#include "peers.h"

namespace baton::test {
namespace {

using handshake::Progress;
using tls::ProtocolVersion;

constexpr const char* kOtherName = "other.example.com";

class Resumption : public testing::TestWithParam<ProtocolVersion> {
 protected:
  handshake::TenantPolicy policy() const {
    handshake::TenantPolicy policy;
    policy.max_version = GetParam();
    return policy;
  }

  handshake::TenantPolicy policy_with_client_ca() const {
    handshake::TenantPolicy demanding = policy();
    demanding.client_ca_pem = test_ca().pem();
    return demanding;
  }

  // A client that offers the session of an earlier one and does not look at the certificate.
  static LibsslPeer client(const std::string& name, const std::shared_ptr<SSL_SESSION>& session = nullptr) {
    LibsslPeer peer = LibsslPeer::client(name);
    SSL_set_verify(peer.ssl(), SSL_VERIFY_NONE, nullptr);
    if (session) SSL_set_session(peer.ssl(), session.get());
    return peer;
  }

  static void present_certificate(LibsslPeer& client) {
    CertificateOptions options;
    options.dns_names = {"client.example.com"};
    options.uris = {"spiffe://example.com/client"};
    client.use_certificate(test_ca().issue(options));
  }

  BatonPeer serve(const std::shared_ptr<const handshake::Tenant>& tenant) const {
    return accept(*endpoint_, always(tenant));
  }

  // A full handshake and the session that it leaves.
  std::shared_ptr<SSL_SESSION> first_session(const std::shared_ptr<const handshake::Tenant>& tenant,
                                             const std::string& name) const {
    LibsslPeer peer = client(name);
    present_certificate(peer);
    BatonPeer server = serve(tenant);
    connect(peer, server);
    EXPECT_EQ(server.progress(), Progress::complete) << server->failure().reason;
    EXPECT_FALSE(server->summary().resumed);
    EXPECT_NE(peer.session(), nullptr);
    return peer.session();
  }

  std::shared_ptr<const handshake::ServerEndpoint> endpoint_ = make_endpoint();
};

TEST_P(Resumption, WorksAndItsConnectionContinues) {
  const auto tenant = make_tenant(policy());
  LibsslPeer peer = client(kName, first_session(tenant, kName));
  BatonPeer server = serve(tenant);
  const Streams streams = connect(peer, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  EXPECT_EQ(SSL_session_reused(peer.ssl()), 1);
  EXPECT_TRUE(server->summary().resumed);
  EXPECT_EQ(server->summary().server_name, kName);
  EXPECT_EQ(server->summary().signature, "");
  tls::Connection connection = continue_connection(server, streams.to_server);
  EXPECT_EQ(connection.state().resumed, true);
  EXPECT_EQ(connection.state().server_name, kName);
  expect_data_passes(connection, peer);
}

TEST_P(Resumption, WorksWithoutAServerName) {
  const auto tenant = make_tenant(policy());
  LibsslPeer peer = client("", first_session(tenant, ""));
  BatonPeer server = serve(tenant);
  connect(peer, server);
  EXPECT_TRUE(server->summary().resumed);
}

TEST_P(Resumption, WorksAtAnotherMachineWithTheSameTicketKeys) {
  const auto options = [] {
    handshake::ServerOptions with_keys;
    with_keys.ticket_keys = SecretBuffer(80, 7);
    return with_keys;
  };
  const auto tenant = make_tenant(policy());
  endpoint_ = make_endpoint(options());
  const auto session = first_session(tenant, kName);
  endpoint_ = make_endpoint(options());
  LibsslPeer peer = client(kName, session);
  BatonPeer server = serve(tenant);
  connect(peer, server);
  EXPECT_TRUE(server->summary().resumed);
}

TEST_P(Resumption, IsRefusedUnderOtherTicketKeys) {
  const auto tenant = make_tenant(policy());
  const auto session = first_session(tenant, kName);
  endpoint_ = make_endpoint();
  LibsslPeer peer = client(kName, session);
  BatonPeer server = serve(tenant);
  connect(peer, server);
  EXPECT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  EXPECT_FALSE(server->summary().resumed);
}

TEST_P(Resumption, IsRefusedAtAnotherName) {
  const auto tenant = make_tenant(policy());
  LibsslPeer peer = client(kOtherName, first_session(tenant, kName));
  BatonPeer server = serve(tenant);
  connect(peer, server);
  EXPECT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  EXPECT_FALSE(server->summary().resumed);
}

TEST_P(Resumption, IsRefusedAtAnotherTenantOfTheSameName) {
  const auto session = first_session(make_tenant(policy()), kName);
  handshake::TenantPolicy other = policy();
  other.label = "another";
  LibsslPeer peer = client(kName, session);
  BatonPeer server = serve(make_tenant(other));
  connect(peer, server);
  EXPECT_FALSE(server->summary().resumed);
}

TEST_P(Resumption, DoesNotPassAClientCertificateDemand) {
  const auto session = first_session(make_tenant(policy()), kName);
  LibsslPeer peer = client(kName, session);
  BatonPeer server = serve(make_tenant(policy_with_client_ca()));
  connect(peer, server);
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_EQ(server->failure().alert, GetParam() == ProtocolVersion::tls13 ? tls::Alert::certificate_required
                                                                          : tls::Alert::handshake_failure);
}

TEST_P(Resumption, KeepsTheVerifiedNamesOfTheClient) {
  const std::vector<std::string> names = {"client.example.com", "spiffe://example.com/client"};
  const auto tenant = make_tenant(policy_with_client_ca());
  LibsslPeer peer = client(kName, first_session(tenant, kName));
  BatonPeer server = serve(tenant);
  connect(peer, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  EXPECT_TRUE(server->summary().resumed);
  EXPECT_EQ(server->summary().peer_names, names);
}

TEST_P(Resumption, TicketKeysHaveOneSize) {
  handshake::ServerOptions options;
  options.ticket_keys = SecretBuffer(79, 7);
  EXPECT_FALSE(handshake::ServerEndpoint::create(std::move(options)));
}

INSTANTIATE_TEST_SUITE_P(Versions, Resumption,
                         testing::Values(ProtocolVersion::tls12, ProtocolVersion::tls13));

}  // namespace
}  // namespace baton::test
