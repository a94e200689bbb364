// Which application server signs with which key of a key store.
#include "keystore/signing_keys.h"

#include <gtest/gtest.h>

#include "common/credentials.h"
#include "support/pki.h"

namespace baton::keystore {
namespace {

using offload::NameSet;
using offload::SigningKind;
using offload::SigningKinds;

NameSet names(const std::vector<std::string>& patterns) {
  NameSet set;
  for (const std::string& pattern : patterns) EXPECT_TRUE(set.add(pattern));
  return set;
}

test::TestCertificate certificate_for(std::vector<std::string> dns_names) {
  static const test::TestCa ca;
  test::CertificateOptions options;
  options.dns_names = std::move(dns_names);
  return ca.issue(options);
}

// The keys of one key store.
class SigningKeysTest : public testing::Test {
 protected:
  void add_tenant(std::vector<std::string> tenant_names, const test::TestCertificate& certificate,
                  SigningKinds kinds = offload::kServerKinds, bool offers_signing = true) {
    TenantConfig& tenant = config_.tenants.emplace_back();
    tenant.names = std::move(tenant_names);
    tenant.certificates.resize(1);
    tenant.certificates[0].signing_kinds = kinds;
    tenant.offload.signing = offers_signing;
    handshake::Credential credential;
    credential.chain_pem = certificate.chain_pem;
    credential.key_pem = SecretBuffer(certificate.key_pem.begin(), certificate.key_pem.end());
    loaded_.push_back(handshake::Tenant::load({}, {std::move(credential)}).value());
  }

  // The kinds that are granted; none: the key is not.
  SigningKinds granted(const std::vector<std::string>& allowed, std::size_t tenant = 0,
                       SigningKinds kinds = offload::kServerKinds) const {
    const auto keys = SigningKeys::create(config_, loaded_).value();
    const auto key = handshake::signing_keys(*loaded_[tenant]).value().at(0);
    const auto grant = keys->grant(key->digest(), names(allowed), kinds);
    return grant ? grant->kinds : SigningKinds();
  }

  Config config_;
  std::vector<std::shared_ptr<const handshake::Tenant>> loaded_;
};

TEST_F(SigningKeysTest, AllNamesOfTheTenantAreAsked) {
  add_tenant({"www.example.com", "shop.example"}, certificate_for({"www.example.com", "shop.example"}));
  EXPECT_TRUE(granted({"www.example.com"}).empty());
  EXPECT_EQ(granted({"www.example.com", "shop.example"}), offload::kServerKinds);
  EXPECT_EQ(granted({"*"}), offload::kServerKinds);
}

// Whoever has the signature is every name of the certificate to a client.
TEST_F(SigningKeysTest, AllNamesOfTheCertificateAreAsked) {
  add_tenant({"www.example.com"}, certificate_for({"www.example.com", "bank.example"}));
  EXPECT_TRUE(granted({"www.example.com"}).empty());
  EXPECT_EQ(granted({"www.example.com", "bank.example"}), offload::kServerKinds);
}

TEST_F(SigningKeysTest, AWildcardInTheCertificateIsMoreThanOneName) {
  add_tenant({"www.example.com"}, certificate_for({"*.example.com"}));
  EXPECT_TRUE(granted({"www.example.com"}).empty());
  EXPECT_EQ(granted({"*.example.com"}), offload::kServerKinds);
}

// Two tenants with one key: a signature for the one is one for the other.
TEST_F(SigningKeysTest, ASharedKeySpeaksForAllItsTenants) {
  const auto shared = certificate_for({"www.example.com"});
  add_tenant({"www.example.com"}, shared);
  add_tenant({"bank.example"}, shared, {SigningKind::tls13_server});
  EXPECT_TRUE(granted({"www.example.com"}).empty());
  EXPECT_TRUE(granted({"bank.example"}, 1).empty());
  EXPECT_EQ(granted({"www.example.com", "bank.example"}), SigningKinds{SigningKind::tls13_server});
}

TEST_F(SigningKeysTest, ASharedKeySignsOnlyWhereAllItsTenantsOfferIt) {
  const auto shared = certificate_for({"www.example.com"});
  add_tenant({"www.example.com"}, shared);
  add_tenant({"bank.example"}, shared, offload::kServerKinds, false);
  EXPECT_TRUE(granted({"*"}).empty());
}

TEST_F(SigningKeysTest, KindsAreThoseOfBoth) {
  add_tenant({"www.example.com"}, certificate_for({"www.example.com"}),
             {SigningKind::tls13_server, SigningKind::tls13_client});
  EXPECT_EQ(granted({"*"}, 0, {SigningKind::tls13_client, SigningKind::tls12_server}),
            SigningKinds{SigningKind::tls13_client});
}

TEST_F(SigningKeysTest, AnUnknownKeyIsNotGranted) {
  add_tenant({"www.example.com"}, certificate_for({"www.example.com"}));
  const auto keys = SigningKeys::create(config_, loaded_).value();
  EXPECT_FALSE(keys->grant({}, names({"*"}), offload::kServerKinds));
}

}  // namespace
}  // namespace baton::keystore
