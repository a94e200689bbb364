// Every suite, version and kind of key, against ourselves and against stock libssl, and that the state
// continues.
#include <gtest/gtest.h>

#include "peers.h"

namespace baton::test {
namespace {

using handshake::Progress;
using tls::ProtocolVersion;

struct Case {
  const tls::CipherSuite* suite;
  KeyType key;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    for (KeyType key : {KeyType::p256, KeyType::p384, KeyType::ed25519, KeyType::rsa2048}) {
      const bool wants_rsa = suite.name.find("_RSA_") != std::string_view::npos;
      const bool wants_ecdsa = suite.name.find("_ECDSA_") != std::string_view::npos;
      const bool is_rsa = key == KeyType::rsa2048;
      if ((wants_rsa && !is_rsa) || (wants_ecdsa && is_rsa)) continue;
      all.push_back({&suite, key});
    }
  }
  return all;
}

std::string name_of(KeyType key) {
  switch (key) {
    case KeyType::p256:
      return "ecdsa_secp256r1";
    case KeyType::p384:
      return "ecdsa_secp384r1";
    case KeyType::ed25519:
      return "ed25519";
    default:
      return "rsa";
  }
}

handshake::TenantPolicy only(const tls::CipherSuite& suite) {
  handshake::TenantPolicy policy;
  policy.cipher_suites = {std::string(suite.name)};
  return policy;
}

class Suites : public testing::TestWithParam<Case> {};

void expect_summary(BatonPeer& peer, const Case& expected) {
  const handshake::Summary& summary = peer->summary();
  EXPECT_EQ(summary.suite, expected.suite->name);
  EXPECT_EQ(summary.version, tls::to_string(expected.suite->version));
  EXPECT_EQ(summary.signature, name_of(expected.key));
  EXPECT_EQ(summary.group, "X25519");
  EXPECT_EQ(summary.server_name, kName);
  EXPECT_FALSE(summary.resumed);
}

TEST_P(Suites, BatonWithBaton) {
  BatonPeer server = make_server(make_tenant(only(*GetParam().suite), {GetParam().key}));
  BatonPeer client = make_client();
  const Streams streams = connect(client, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  ASSERT_EQ(client.progress(), Progress::complete) << client->failure().reason;
  expect_summary(server, GetParam());
  expect_summary(client, GetParam());
  EXPECT_EQ(client->summary().peer_names, std::vector<std::string>{kName});
  tls::Connection at_server = continue_connection(server, streams.to_server);
  tls::Connection at_client = continue_connection(client, streams.to_client);
  expect_data_passes(at_server, at_client);
}

TEST_P(Suites, BatonServerWithLibsslClient) {
  BatonPeer server = make_server(make_tenant(only(*GetParam().suite), {GetParam().key}));
  LibsslPeer client = LibsslPeer::client(kName);
  const Streams streams = connect(client, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  ASSERT_TRUE(client.complete());
  EXPECT_EQ(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(client.ssl())), GetParam().suite->id);
  EXPECT_EQ(server->consumed(), streams.to_server.size());
  tls::Connection connection = continue_connection(server, streams.to_server);
  EXPECT_EQ(connection.state().group, 29);
  expect_data_passes(connection, client);
}

TEST_P(Suites, BatonClientWithLibsslServer) {
  LibsslPeer server = LibsslPeer::server(certificate_for_name(GetParam().key));
  handshake::ClientOptions options;
  options.cipher_suites = {std::string(GetParam().suite->name)};
  BatonPeer client = make_client(std::move(options));
  const Streams streams = connect(client, server);
  ASSERT_EQ(client.progress(), Progress::complete) << client->failure().reason;
  ASSERT_TRUE(server.complete());
  expect_summary(client, GetParam());
  tls::Connection connection = continue_connection(client, streams.to_client);
  EXPECT_EQ(connection.state().group, 29);
  expect_data_passes(connection, server);
}

INSTANTIATE_TEST_SUITE_P(All, Suites, testing::ValuesIn(cases()), [](const auto& instance) {
  return std::string(instance.param.suite->name) + "_" + name_of(instance.param.key);
});

std::uint64_t explicit_nonce(ByteView record) {
  ByteReader reader(ByteView(record).subspan(5));
  return reader.u64();
}

// The record behind the change_cipher_spec.
Bytes finished_record(ByteView stream) {
  const std::vector<Bytes> records = split_records(stream);
  for (std::size_t i = 0; i + 1 < records.size(); ++i) {
    if (records[i][0] == 20) return records[i + 1];
  }
  ADD_FAILURE() << "no change_cipher_spec";
  return Bytes(13);
}

TEST(ExplicitNonce, GoesOnBehindLibsslsFinished) {
  const tls::CipherSuite* suite = tls::find_cipher_suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
  BatonPeer server = make_server(make_tenant(only(*suite)));
  BatonPeer client = make_client();
  const Streams streams = connect(client, server);
  tls::Connection at_server = continue_connection(server, streams.to_server);
  tls::Connection at_client = continue_connection(client, streams.to_client);
  ASSERT_TRUE(at_server.write(as_bytes("x")));
  ASSERT_TRUE(at_client.write(as_bytes("x")));
  EXPECT_EQ(explicit_nonce(at_server.take_output()), explicit_nonce(finished_record(streams.to_client)) + 1);
  EXPECT_EQ(explicit_nonce(at_client.take_output()), explicit_nonce(finished_record(streams.to_server)) + 1);
}

TEST(Sequences, CountTheTicketsOfTls13) {
  BatonPeer server = make_server(make_tenant());
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  Result<tls::ConnectionState> state = server->take_state();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->write.sequence, 2U);
  EXPECT_EQ(state->read.sequence, 0U);
  EXPECT_FALSE(server->take_state()) << "a state exists once";
}

TEST(Sequences, AreOneInTls12) {
  handshake::TenantPolicy policy;
  policy.max_version = ProtocolVersion::tls12;
  BatonPeer server = make_server(make_tenant(policy));
  LibsslPeer client = LibsslPeer::client(kName);
  connect(client, server);
  Result<tls::ConnectionState> state = server->take_state();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->write.sequence, 1U);
  EXPECT_EQ(state->read.sequence, 1U);
}

TEST(State, IsRefusedBeforeTheEnd) {
  BatonPeer server = make_server(make_tenant());
  EXPECT_FALSE(server->take_state());
}

class FragmentLength : public testing::TestWithParam<ProtocolVersion> {};

TEST_P(FragmentLength, HoldsForBothDirections) {
  handshake::TenantPolicy policy;
  policy.max_version = GetParam();
  BatonPeer server = make_server(make_tenant(policy));
  LibsslPeer client = LibsslPeer::client(kName);
  SSL_set_tlsext_max_fragment_length(client.ssl(), TLSEXT_max_fragment_length_1024);
  const Streams streams = connect(client, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  tls::Connection connection = continue_connection(server, streams.to_server);
  EXPECT_EQ(connection.state().max_send_fragment, 1024);
  EXPECT_EQ(connection.state().max_receive_fragment, 1024);
  expect_data_passes(connection, client);
}

INSTANTIATE_TEST_SUITE_P(Versions, FragmentLength,
                         testing::Values(ProtocolVersion::tls12, ProtocolVersion::tls13));

TEST(SeveralKeys, TheClientsAlgorithmsDecide) {
  const auto tenant = make_tenant({}, {KeyType::rsa2048, KeyType::p256, KeyType::ed25519});
  for (const auto& [algorithms, expected] : std::vector<std::pair<const char*, const char*>>{
           {"ECDSA+SHA256:rsa_pss_rsae_sha256", "ecdsa_secp256r1"},
           {"rsa_pss_rsae_sha256", "rsa"},
           {"ed25519", "ed25519"}}) {
    BatonPeer server = make_server(tenant);
    LibsslPeer client = LibsslPeer::client(kName);
    ASSERT_EQ(SSL_set1_sigalgs_list(client.ssl(), algorithms), 1);
    connect(client, server);
    EXPECT_EQ(server->summary().signature, expected);
  }
}

}  // namespace
}  // namespace baton::test
