// R1 and R2 over long streams: Baton against OpenSSL, GnuTLS and Go. The nonce recorder under the AEAD ends
// the process when a (key, nonce) pair seals twice.
#include "long_stream.h"

#include <iostream>

#include "support/states.h"

namespace baton::test {
namespace {

using tls::Role;

constexpr std::uint64_t kLong = 100'000;  // records each way
constexpr std::uint64_t kShort = 3'000;

struct Library {
  const char* name;
  std::unique_ptr<StreamPeer> (*make_peer)(const PeerSetup&);
};
constexpr Library kOpenssl{"OpenSSL", make_openssl_peer};
constexpr Library kGnutls{"GnuTLS", make_gnutls_peer};
constexpr Library kGo{"Go", make_go_peer};

struct Case {
  Library library;
  Role role;  // Baton's
  std::string_view suite;
  std::uint64_t records;
};

void PrintTo(const Case& chosen, std::ostream* out) {
  *out << chosen.records << " records each way";
}

class LongStreams : public SeededTest, public testing::WithParamInterface<Case> {};

// Also for the case that the recorder ends the process.
void print_seed(std::uint64_t seed) {
  std::cout << "seed " << seed << " (BATON_SEED=" << seed << " repeats it)" << std::endl;
}

BatonPeer make_baton(Role role, std::string_view suite, KeyType key) {
  if (role == Role::client) {
    handshake::ClientOptions options;
    options.cipher_suites = {std::string(suite)};
    return make_client(std::move(options));
  }
  handshake::TenantPolicy policy;
  policy.cipher_suites = {std::string(suite)};
  return make_server(make_tenant(policy, {key}));
}

TEST_P(LongStreams, EveryByteComesOnceAndInOrder) {
  print_seed(seed_);
  const Case& chosen = GetParam();
  PeerSetup setup{};
  setup.role = chosen.role == Role::server ? Role::client : Role::server;
  setup.suite = tls::find_cipher_suite(chosen.suite);
  setup.key = chosen.suite.find("_RSA_") != std::string_view::npos ? KeyType::rsa2048 : KeyType::p256;
  setup.sending_seed = random_();
  setup.receiving_seed = random_();
  ASSERT_NE(setup.suite, nullptr);
  const auto peer = chosen.library.make_peer(setup);
  auto connection = shake_hands(make_baton(chosen.role, chosen.suite, setup.key), *peer);
  ASSERT_TRUE(connection);
  EXPECT_EQ(connection->state().suite, setup.suite);
  LongStream(std::move(*connection), *peer, setup, chosen.records, random_).run();
}

std::string name_of(const testing::TestParamInfo<Case>& instance) {
  const Case& chosen = instance.param;
  return std::string(chosen.library.name) + "_" + std::string(tls::to_string(chosen.role)) + "_" +
         std::string(chosen.suite);
}

std::vector<Case> every_suite() {
  std::vector<Case> cases;
  for (const Library& library : {kOpenssl, kGnutls, kGo}) {
    for (const Role role : {Role::server, Role::client}) {
      for (const tls::CipherSuite& suite : tls::cipher_suites()) {
        cases.push_back({library, role, suite.name, kShort});
      }
    }
  }
  return cases;
}

// Each library in both versions and roles, the suites in turn.
std::vector<Case> long_cases() {
  return {
      {kOpenssl, Role::server, "TLS_AES_128_GCM_SHA256", kLong},
      {kOpenssl, Role::client, "TLS_CHACHA20_POLY1305_SHA256", kLong},
      {kOpenssl, Role::server, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", kLong},
      {kOpenssl, Role::client, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", kLong},
      {kGnutls, Role::server, "TLS_CHACHA20_POLY1305_SHA256", kLong},
      {kGnutls, Role::client, "TLS_AES_256_GCM_SHA384", kLong},
      {kGnutls, Role::server, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", kLong},
      {kGnutls, Role::client, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", kLong},
      {kGo, Role::server, "TLS_AES_256_GCM_SHA384", kLong},
      {kGo, Role::client, "TLS_AES_128_GCM_SHA256", kLong},
      {kGo, Role::server, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", kLong},
      {kGo, Role::client, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", kLong},
  };
}

INSTANTIATE_TEST_SUITE_P(EverySuite, LongStreams, testing::ValuesIn(every_suite()), name_of);
INSTANTIATE_TEST_SUITE_P(HundredThousandRecords, LongStreams, testing::ValuesIn(long_cases()), name_of);

}  // namespace
}  // namespace baton::test
