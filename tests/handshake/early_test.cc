// Handshakes that are complete before the client's Finished, against stock libssl: it sends the Finished that
// was expected, takes the deferred tickets, and the connection goes on.
#include <gtest/gtest.h>

#include "peers.h"

namespace baton::test {
namespace {

using handshake::HandoffPoint;
using handshake::Progress;
using tls::ProtocolVersion;

const std::vector<std::string> kSuites = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                          "TLS_CHACHA20_POLY1305_SHA256"};

handshake::ServerOptions with_groups(std::vector<std::string> groups) {
  handshake::ServerOptions options;
  options.groups = std::move(groups);
  return options;
}

class Early : public testing::TestWithParam<std::string> {
 protected:
  static handshake::TenantPolicy policy() {
    handshake::TenantPolicy policy;
    policy.cipher_suites = {GetParam()};
    return policy;
  }

  LibsslPeer client(const std::shared_ptr<SSL_SESSION>& session = nullptr) const {
    LibsslPeer peer = LibsslPeer::client(kName);
    SSL_set_ciphersuites(peer.ssl(), GetParam().c_str());
    if (session) SSL_set_session(peer.ssl(), session.get());
    return peer;
  }

  BatonPeer serve() const { return accept(*endpoint_, always(tenant_), HandoffPoint::early); }

  // A whole handshake: complete after the client's `hellos`, and the connection lives.
  std::shared_ptr<SSL_SESSION> run(LibsslPeer peer, bool resumed, std::size_t hellos = 1) const {
    BatonPeer server = serve();
    Bytes stream;
    peer.start();
    for (std::size_t hello = 0; hello < hellos; ++hello) {
      EXPECT_EQ(server.progress(), Progress::need_bytes);
      const Bytes bytes = peer.take_output();
      append(stream, bytes);
      server.receive(bytes);
      if (hello + 1 < hellos) peer.receive(server.take_output());
    }
    EXPECT_EQ(server.progress(), Progress::complete) << server->failure().reason;
    EXPECT_TRUE(server->summary().early);
    EXPECT_EQ(server->summary().resumed, resumed);
    EXPECT_EQ(server->consumed(), stream.size());
    peer.receive(server.take_output());
    EXPECT_TRUE(peer.complete());
    EXPECT_EQ(SSL_session_reused(peer.ssl()), resumed ? 1 : 0);
    EXPECT_EQ(peer.session(), nullptr) << "no ticket comes before the Finished";
    append(stream, peer.take_output());
    tls::Connection connection = continue_connection(server, stream);
    expect_data_passes(connection, peer);
    EXPECT_NE(peer.session(), nullptr);
    return peer.session();
  }

  std::shared_ptr<const handshake::Tenant> tenant_ = make_tenant(policy());
  std::shared_ptr<const handshake::ServerEndpoint> endpoint_ = make_endpoint();
};

TEST_P(Early, FullThenResumedThenResumedAgain) {
  auto session = run(client(), false);
  session = run(client(session), true);
  run(client(session), true);
}

// RFC 8446 §4.4.1: the first ClientHello is in the transcript as its hash.
TEST_P(Early, ThroughAHelloRetryRequest) {
  handshake::ServerOptions options = with_groups({"P-384"});
  options.ticket_keys = SecretBuffer(80, 7);
  endpoint_ = make_endpoint(std::move(options));
  auto session = run(client(), false, 2);
  session = run(client(session), true, 2);
  run(client(session), true, 2);
}

TEST_P(Early, WithPostHandshakeAuthenticationOffered) {
  LibsslPeer peer = client();
  SSL_set_post_handshake_auth(peer.ssl(), 1);
  run(std::move(peer), false);
}

TEST_P(Early, WithSmallFragments) {
  LibsslPeer peer = client();
  SSL_set_tlsext_max_fragment_length(peer.ssl(), TLSEXT_max_fragment_length_512);
  SSL_set_max_send_fragment(peer.ssl(), 512);
  run(std::move(peer), false);
}

TEST_P(Early, WithASlowSignatureOnAWorker) {
  handshake::ServerOptions options;
  options.offload_slow_signatures = true;
  endpoint_ = make_endpoint(std::move(options));
  tenant_ = make_tenant(policy(), {KeyType::rsa2048});
  LibsslPeer peer = client();
  BatonPeer server = serve();
  peer.start();
  const Bytes hello = peer.take_output();
  server.receive(hello);
  ASSERT_EQ(server.progress(), Progress::pending);
  server->allow_slow_signature();
  server.start();
  ASSERT_EQ(server.progress(), Progress::complete);
  EXPECT_TRUE(server->summary().early);
}

// What stands behind the ClientHello is not libssl's any more.
TEST_P(Early, WhatFollowsTheClientHelloIsNotConsumed) {
  LibsslPeer peer = client();
  BatonPeer server = serve();
  peer.start();
  Bytes bytes = peer.take_output();
  const std::size_t hello = bytes.size();
  append(bytes, Bytes{20, 3, 3, 0, 1, 1, 23, 3, 3});
  server.receive(bytes);
  ASSERT_EQ(server.progress(), Progress::complete);
  EXPECT_EQ(server->consumed(), hello);
}

TEST_P(Early, AWrongFinishedOfAStolenFlightIsRefused) {
  LibsslPeer peer = client();
  BatonPeer server = serve();
  peer.start();
  server.receive(peer.take_output());
  ASSERT_EQ(server.progress(), Progress::complete);
  auto state = server->take_state();
  ASSERT_TRUE(state);
  ASSERT_TRUE(state->awaited);
  state->awaited->verify_data.data()[0] ^= 1;  // as if the client's transcript were another
  auto reader = tls::FinishedReader::from_state(std::move(*state));
  ASSERT_TRUE(reader);
  peer.receive(server.take_output());
  reader->feed(peer.take_output());
  const auto verdict = reader->next();
  ASSERT_TRUE(std::holds_alternative<tls::Failure>(verdict));
  EXPECT_EQ(std::get<tls::Failure>(verdict).alert, tls::Alert::decrypt_error);
  peer.receive(reader->take_output());
  EXPECT_EQ(peer.session(), nullptr) << "a ticket was released";
  EXPECT_EQ(SSL_get_shutdown(peer.ssl()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN)
      << "the client could not read the alert";
}

INSTANTIATE_TEST_SUITE_P(Suites, Early, testing::ValuesIn(kSuites));

// --- when the handoff is late all the same ---

void expect_late(LibsslPeer& peer, BatonPeer& server) {
  const Streams streams = connect(peer, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  EXPECT_FALSE(server->summary().early);
  tls::Connection connection = continue_connection(server, streams.to_server);
  EXPECT_EQ(connection.state().phase(), tls::Phase::established);
  expect_data_passes(connection, peer);
}

BatonPeer serve_early(handshake::TenantPolicy policy = {}) {
  return accept(*make_endpoint(), always(make_tenant(std::move(policy))), HandoffPoint::early);
}

TEST(EarlyFallsBack, ForTls12) {
  handshake::TenantPolicy policy;
  policy.max_version = ProtocolVersion::tls12;
  LibsslPeer peer = LibsslPeer::client(kName);
  BatonPeer server = serve_early(policy);
  expect_late(peer, server);
}

class EarlyWithClientCertificates : public testing::Test {
 protected:
  static LibsslPeer client(const std::shared_ptr<SSL_SESSION>& session = nullptr) {
    LibsslPeer peer = LibsslPeer::client(kName);
    CertificateOptions options;
    options.dns_names = {"client.example.com"};
    peer.use_certificate(test_ca().issue(options));
    if (session) SSL_set_session(peer.ssl(), session.get());
    return peer;
  }
  BatonPeer serve() {
    handshake::TenantPolicy policy;
    policy.client_ca_pem = test_ca().pem();
    return accept(*endpoint_, always(make_tenant(policy)), HandoffPoint::early);
  }
  std::shared_ptr<const handshake::ServerEndpoint> endpoint_ = make_endpoint();
};

TEST_F(EarlyWithClientCertificates, FullIsLateAndResumedIsEarly) {
  LibsslPeer first = client();
  BatonPeer server = serve();
  expect_late(first, server);
  ASSERT_NE(first.session(), nullptr);
  LibsslPeer second = client(first.session());
  BatonPeer again = serve();
  const Streams streams = connect(second, again);
  ASSERT_EQ(again.progress(), Progress::complete) << again->failure().reason;
  EXPECT_TRUE(again->summary().early);
  EXPECT_EQ(again->summary().peer_names, std::vector<std::string>{"client.example.com"});
  tls::Connection connection = continue_connection(again, streams.to_server);
  expect_data_passes(connection, second);
}

// A stock server whose tickets allow early data; its client then offers it to us, who cannot decrypt it.
TEST(EarlyFallsBack, ForEarlyDataOffered) {
  LibsslPeer issuer = LibsslPeer::server(certificate_for_name(KeyType::p256));
  SSL_set_max_early_data(issuer.ssl(), 16384);
  LibsslPeer first = LibsslPeer::client(kName);
  connect(first, issuer);
  ASSERT_NE(first.session(), nullptr);
  ASSERT_GT(SSL_SESSION_get_max_early_data(first.session().get()), 0u);

  LibsslPeer peer = LibsslPeer::client(kName);
  SSL_set_session(peer.ssl(), first.session().get());
  std::size_t written = 0;
  ASSERT_EQ(SSL_write_early_data(peer.ssl(), "early", 5, &written), 1);
  BatonPeer server = serve_early();
  SSL_do_handshake(peer.ssl());  // it writes no more early data
  const Streams streams = pump(peer, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  EXPECT_FALSE(server->summary().early);
  EXPECT_EQ(SSL_get_early_data_status(peer.ssl()), SSL_EARLY_DATA_REJECTED);
  tls::Connection connection = continue_connection(server, streams.to_server);
  expect_data_passes(connection, peer);
}

TEST(EarlyFallsBack, NeverWithoutBeingAsked) {
  LibsslPeer peer = LibsslPeer::client(kName);
  BatonPeer server = make_server(make_tenant());
  expect_late(peer, server);
}

}  // namespace
}  // namespace baton::test
