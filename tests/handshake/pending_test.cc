// Steps that wait for an answer from elsewhere, and many handshakes on many threads.
#include <gtest/gtest.h>

#include <thread>

#include "peers.h"

namespace baton::test {
namespace {

using handshake::PendingReason;
using handshake::Progress;

handshake::ServerOptions offloading() {
  handshake::ServerOptions options;
  options.offload_slow_signatures = true;
  return options;
}

// One pending step, run on a thread of its own.
void sign_on_a_worker(BatonPeer& server) {
  ASSERT_EQ(server.progress(), Progress::pending);
  ASSERT_EQ(server->pending_reason(), PendingReason::slow_signature);
  std::thread worker([&server] {
    server->allow_slow_signature();
    server.receive({});
  });
  worker.join();
}

TEST(Pending, SelectorIsAskedAgain) {
  const auto tenant = make_tenant();
  int calls = 0;
  BatonPeer server =
      accept(*make_endpoint(), [&](const handshake::ClientHelloInfo&) -> handshake::TenantChoice {
        if (++calls < 3) return handshake::SelectLater{};
        return tenant;
      });
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  EXPECT_EQ(server.progress(), Progress::pending);
  EXPECT_EQ(server->pending_reason(), PendingReason::tenant);
  server.receive({});
  EXPECT_EQ(server.progress(), Progress::pending);
  server.receive({});
  EXPECT_EQ(server.progress(), Progress::need_bytes);
  EXPECT_EQ(server->pending_reason(), PendingReason::none);
  pump(client, server);
  EXPECT_EQ(server.progress(), Progress::complete);
  EXPECT_EQ(calls, 3);
}

TEST(Pending, SelectorMayRefuseLater) {
  int calls = 0;
  BatonPeer server =
      accept(*make_endpoint(), [&](const handshake::ClientHelloInfo&) -> handshake::TenantChoice {
        if (++calls < 2) return handshake::SelectLater{};
        return handshake::SelectRefused{tls::Alert::access_denied, "not for you"};
      });
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  server.receive({});
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_EQ(server->failure().alert, tls::Alert::access_denied);
  EXPECT_EQ(server->failure().reason, "not for you");
}

TEST(Pending, BytesThatComeMeanwhileAreKeptUpToTheLimit) {
  handshake::ServerOptions options;
  options.max_handshake_bytes = 5000;
  BatonPeer server = accept(
      *make_endpoint(std::move(options)),
      [](const handshake::ClientHelloInfo&) -> handshake::TenantChoice { return handshake::SelectLater{}; });
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  server.receive(Bytes(2000));
  EXPECT_EQ(server.progress(), Progress::pending);
  server.receive(Bytes(3000));
  EXPECT_EQ(server.progress(), Progress::failed);
}

TEST(Pending, SlowSignatureRunsOnAnotherThread) {
  for (auto version : {tls::ProtocolVersion::tls12, tls::ProtocolVersion::tls13}) {
    handshake::TenantPolicy policy;
    policy.max_version = version;
    BatonPeer server = make_server(make_tenant(policy, {KeyType::rsa2048}), offloading());
    LibsslPeer client = LibsslPeer::client(kName);
    const Streams first = connect(client, server);
    sign_on_a_worker(server);
    ASSERT_EQ(server.progress(), Progress::need_bytes);
    const Streams rest = pump(client, server);
    ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
    Bytes stream = first.to_server;
    append(stream, rest.to_server);
    tls::Connection connection = continue_connection(server, stream);
    expect_data_passes(connection, client);
  }
}

TEST(Pending, HelloRetryAsksForBothHellos) {
  handshake::ServerOptions options = offloading();
  options.groups = {"P-256"};
  BatonPeer server = make_server(make_tenant({}, {KeyType::rsa2048}), std::move(options));
  LibsslPeer client = LibsslPeer::client(kName);
  ASSERT_EQ(SSL_set1_groups_list(client.ssl(), "X25519:P-256"), 1);
  connect(client, server);
  sign_on_a_worker(server);
  pump(client, server);
  sign_on_a_worker(server);
  pump(client, server);
  EXPECT_EQ(server.progress(), Progress::complete);
}

TEST(Pending, FastKeysNeverWait) {
  BatonPeer server = make_server(make_tenant({}, {KeyType::p256}), offloading());
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  EXPECT_EQ(server.progress(), Progress::complete);
}

TEST(Pending, RsaBesideEcdsaWaitsOnlyForRsaClients) {
  const auto tenant = make_tenant({}, {KeyType::p256, KeyType::rsa2048});
  BatonPeer server = make_server(tenant, offloading());
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  EXPECT_EQ(server.progress(), Progress::complete);
  EXPECT_EQ(server->summary().signature, "ecdsa_secp256r1");

  server = make_server(tenant, offloading());
  client = LibsslPeer::client(kName);
  ASSERT_EQ(SSL_set1_sigalgs_list(client.ssl(), "rsa_pss_rsae_sha256"), 1);
  connect(client, server);
  EXPECT_EQ(server.progress(), Progress::pending);
}

void handshake_and_exchange(const handshake::ServerEndpoint& endpoint,
                            const std::shared_ptr<const handshake::Tenant>& tenant,
                            const handshake::ClientEndpoint& clients) {
  BatonPeer server = accept(endpoint, always(tenant));
  BatonPeer client(std::move(*clients.connect()));
  const Streams streams = connect(client, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  ASSERT_EQ(server->summary().peer_names, std::vector<std::string>{"client.example.com"});
  tls::Connection at_server = continue_connection(server, streams.to_server);
  tls::Connection at_client = continue_connection(client, streams.to_client);
  expect_data_passes(at_server, at_client);
}

TEST(Threads, ShareEndpointsAndTenants) {
  handshake::TenantPolicy policy;
  policy.client_ca_pem = test_ca().pem();
  policy.alpn = {"h2"};
  const auto tenant = make_tenant(policy, {KeyType::p256, KeyType::rsa2048});
  const auto endpoint = make_endpoint();
  handshake::ClientOptions options;
  options.ca_pem = test_ca().pem();
  options.server_name = kName;
  options.alpn = {"h2"};
  CertificateOptions certificate;
  certificate.dns_names = {"client.example.com"};
  options.credential = credential(test_ca().issue(certificate));
  const auto clients = handshake::ClientEndpoint::create(std::move(options));
  ASSERT_TRUE(clients);

  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 25; ++j) handshake_and_exchange(*endpoint, tenant, **clients);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace baton::test
