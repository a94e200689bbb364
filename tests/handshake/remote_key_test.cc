// Handshakes whose private key is elsewhere: they pause for each signature, and leave nothing behind when it
// does not come.
#include <gtest/gtest.h>

#include "handshake/signing_key.h"
#include "peers.h"

namespace baton::test {
namespace {

using handshake::PendingReason;
using handshake::Progress;

std::shared_ptr<const handshake::Tenant> tenant_without_key(KeyType type,
                                                            handshake::TenantPolicy policy = {}) {
  handshake::Credential credential;
  credential.chain_pem = certificate_for_name(type).chain_pem;
  credential.key_place = KeyPlace::elsewhere;
  return handshake::Tenant::load(std::move(policy), {std::move(credential)}).value();
}

// The key store: the same certificate, with its key.
std::shared_ptr<const handshake::SigningKey> key_of(KeyType type) {
  return handshake::signing_keys(*make_tenant({}, {type})).value().at(0);
}

void sign(BatonPeer& peer, KeyType type) {
  const SignatureNeeded* needed = peer->needed_signature();
  ASSERT_NE(needed, nullptr);
  const auto key = key_of(type);
  EXPECT_EQ(needed->key, key->digest());
  EXPECT_EQ(signing_kind_of(needed->input), needed->kind);
  peer->give_signature(key->sign(needed->scheme, needed->input));
  EXPECT_EQ(peer->needed_signature(), nullptr);
  peer.receive({});
}

struct Case {
  KeyType type;
  tls::ProtocolVersion version;
};

class RemoteKey : public testing::TestWithParam<Case> {
 protected:
  BatonPeer server() {
    handshake::TenantPolicy policy;
    policy.max_version = GetParam().version;
    return make_server(tenant_without_key(GetParam().type, policy));
  }
  void expect_waits(BatonPeer& server) {
    ASSERT_EQ(server.progress(), Progress::pending) << server->failure().reason;
    ASSERT_EQ(server->pending_reason(), PendingReason::remote_signature);
    EXPECT_TRUE(server.take_output().empty());
    const bool is_tls13 = GetParam().version == tls::ProtocolVersion::tls13;
    EXPECT_EQ(server->needed_signature()->kind,
              is_tls13 ? SigningKind::tls13_server : SigningKind::tls12_server);
  }
};

INSTANTIATE_TEST_SUITE_P(Keys, RemoteKey,
                         testing::Values(Case{KeyType::p256, tls::ProtocolVersion::tls12},
                                         Case{KeyType::p256, tls::ProtocolVersion::tls13},
                                         Case{KeyType::p384, tls::ProtocolVersion::tls13},
                                         Case{KeyType::rsa2048, tls::ProtocolVersion::tls12},
                                         Case{KeyType::rsa2048, tls::ProtocolVersion::tls13},
                                         Case{KeyType::ed25519, tls::ProtocolVersion::tls12},
                                         Case{KeyType::ed25519, tls::ProtocolVersion::tls13}));

TEST_P(RemoteKey, TheHandshakeGoesOnWithTheSignature) {
  BatonPeer server = this->server();
  LibsslPeer client = LibsslPeer::client(kName);
  Streams streams = connect(client, server);
  expect_waits(server);
  sign(server, GetParam().type);
  append(streams.to_server, pump(client, server).to_server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  tls::Connection connection = continue_connection(server, streams.to_server);
  expect_data_passes(connection, client);
}

TEST_P(RemoteKey, WithoutASignatureTheClientGetsAnAlert) {
  BatonPeer server = this->server();
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  expect_waits(server);
  server->give_signature(fail(ErrorCode::refused, "the key store says no"));
  server.receive({});
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_EQ(server->failure().alert, tls::Alert::internal_error);
  EXPECT_EQ(server->failure().reason, "the key store says no");
  EXPECT_FALSE(server.take_output().empty());
}

TEST_P(RemoteKey, AClientThatLeavesLeavesNothing) {
  for (int i = 0; i < 300; ++i) {
    BatonPeer server = this->server();
    LibsslPeer client = LibsslPeer::client(kName);
    connect(client, server);
    ASSERT_EQ(server.progress(), Progress::pending);
  }
}

// Many at once on one thread, in any order.
TEST_P(RemoteKey, ManyWaitTogether) {
  std::vector<std::unique_ptr<BatonPeer>> servers;
  std::vector<LibsslPeer> clients;
  for (int i = 0; i < 50; ++i) {
    servers.push_back(std::make_unique<BatonPeer>(this->server()));
    clients.push_back(LibsslPeer::client(kName));
    connect(clients.back(), *servers.back());
    ASSERT_EQ(servers.back()->progress(), Progress::pending);
  }
  for (int i = 49; i >= 0; --i) sign(*servers[i], GetParam().type);
  for (int i = 0; i < 50; ++i) {
    pump(clients[i], *servers[i]);
    EXPECT_EQ(servers[i]->progress(), Progress::complete);
    EXPECT_TRUE(clients[i].complete());
  }
}

TEST(RemoteKeys, WhatComesMeanwhileIsKeptUpToTheLimit) {
  handshake::ServerOptions options;
  options.max_handshake_bytes = 5000;
  BatonPeer server = make_server(tenant_without_key(KeyType::p256), std::move(options));
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  server.receive(Bytes(2000));
  EXPECT_EQ(server.progress(), Progress::pending);
  server.receive(Bytes(3000));
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_EQ(server->needed_signature(), nullptr);
  EXPECT_FALSE(server.take_output().empty()) << "an alert";
  EXPECT_EQ(server->failure().alert, tls::Alert::internal_error) << "which is libssl's";
}

TEST(RemoteKeys, AWrongSignatureFailsAtTheClient) {
  BatonPeer server = make_server(tenant_without_key(KeyType::p256));
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  server->give_signature(Bytes(70, 1));
  server.receive({});
  pump(client, server);
  EXPECT_EQ(server.progress(), Progress::failed);
  EXPECT_TRUE(server->failure().from_peer);
}

TEST(RemoteKeys, ASignatureThatIsTooLargeIsRefused) {
  BatonPeer server = make_server(tenant_without_key(KeyType::p256));
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  server->give_signature(Bytes(1000, 1));
  server.receive({});
  EXPECT_EQ(server.progress(), Progress::failed);
}

TEST(RemoteKeys, AfterAHelloRetryRequestThereIsOneSignature) {
  handshake::ServerOptions options;
  options.groups = {"P-384"};
  BatonPeer server = make_server(tenant_without_key(KeyType::p256), std::move(options));
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  ASSERT_EQ(server.progress(), Progress::pending);
  sign(server, KeyType::p256);
  pump(client, server);
  EXPECT_EQ(server.progress(), Progress::complete) << server->failure().reason;
}

// Its ticket saves the signature, and so the way to the key store.
TEST(RemoteKeys, AResumptionNeedsNoSignature) {
  const auto endpoint = make_endpoint();
  const auto tenant = tenant_without_key(KeyType::p256);
  BatonPeer first = accept(*endpoint, always(tenant));
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, first);
  sign(first, KeyType::p256);
  pump(client, first);
  ASSERT_EQ(first.progress(), Progress::complete);
  ASSERT_TRUE(client.session());

  BatonPeer second = accept(*endpoint, always(tenant));
  LibsslPeer again = LibsslPeer::client(kName);
  SSL_set_session(again.ssl(), client.session().get());
  connect(again, second);
  ASSERT_EQ(second.progress(), Progress::complete);
  EXPECT_TRUE(second->summary().resumed);
}

// The key of a client's certificate may be elsewhere too.
TEST(RemoteKeys, AClientSigns) {
  handshake::TenantPolicy policy;
  policy.client_ca_pem = test_ca().pem();
  BatonPeer server = make_server(make_tenant(policy));
  handshake::ClientOptions options;
  options.credential.emplace();
  options.credential->chain_pem = certificate_for_name(KeyType::p384).chain_pem;
  options.credential->key_place = KeyPlace::elsewhere;
  BatonPeer client = make_client(std::move(options));
  connect(client, server);
  ASSERT_EQ(client.progress(), Progress::pending);
  EXPECT_EQ(client->needed_signature()->kind, SigningKind::tls13_client);
  sign(client, KeyType::p384);
  EXPECT_EQ(client.progress(), Progress::complete);
  pump(client, server);
  EXPECT_EQ(server.progress(), Progress::complete) << server->failure().reason;
}

// A key store refuses this; so does the provider, before it asks one.
TEST(RemoteKeys, ATls12ClientSignsNothing) {
  handshake::TenantPolicy policy;
  policy.client_ca_pem = test_ca().pem();
  policy.max_version = tls::ProtocolVersion::tls12;
  BatonPeer server = make_server(make_tenant(policy));
  handshake::ClientOptions options;
  options.credential.emplace();
  options.credential->chain_pem = certificate_for_name(KeyType::p256).chain_pem;
  options.credential->key_place = KeyPlace::elsewhere;
  BatonPeer client = make_client(std::move(options));
  connect(client, server);
  EXPECT_EQ(client.progress(), Progress::failed);
}

TEST(RemoteKeys, AKeyThatIsGivenIsNotElsewhere) {
  handshake::Credential both = credential(certificate_for_name(KeyType::p256));
  both.key_place = KeyPlace::elsewhere;
  const auto tenant = handshake::Tenant::load({}, {std::move(both)});
  ASSERT_FALSE(tenant);
  EXPECT_EQ(tenant.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace baton::test
