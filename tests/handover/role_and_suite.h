// Tests that run for Baton as server and as client, with every suite.
#pragma once

#include <optional>

#include "settings.h"
#include "support/states.h"

namespace baton::test {

struct RoleAndSuite {
  Role role;  // Baton's
  const tls::CipherSuite* suite;

  friend void PrintTo(const RoleAndSuite& chosen, std::ostream* out) {
    *out << name_of(chosen.role, *chosen.suite);
  }
};

inline std::vector<RoleAndSuite> every_suite_as(Role role,
                                                std::vector<ProtocolVersion> versions = {
                                                    ProtocolVersion::tls12, ProtocolVersion::tls13}) {
  std::vector<RoleAndSuite> all;
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    if (std::ranges::find(versions, suite.version) != versions.end()) all.push_back({role, &suite});
  }
  return all;
}

inline std::vector<RoleAndSuite> every_role_and_suite(const std::vector<ProtocolVersion>& versions = {
                                                          ProtocolVersion::tls12, ProtocolVersion::tls13}) {
  std::vector<RoleAndSuite> all = every_suite_as(Role::server, versions);
  for (const RoleAndSuite& as_client : every_suite_as(Role::client, versions)) all.push_back(as_client);
  return all;
}

inline std::vector<RoleAndSuite> one_suite_of_each_version() {
  const tls::CipherSuite* tls13 = tls::find_cipher_suite("TLS_AES_128_GCM_SHA256");
  const tls::CipherSuite* tls12 = tls::find_cipher_suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  return {{Role::server, tls13}, {Role::server, tls12}, {Role::client, tls13}, {Role::client, tls12}};
}

// Where a test has a meaning in that version, or in that role, only.
inline std::vector<RoleAndSuite> one_suite_of(std::optional<ProtocolVersion> version,
                                              std::optional<Role> role = {}) {
  std::vector<RoleAndSuite> fitting = one_suite_of_each_version();
  std::erase_if(fitting, [&](const RoleAndSuite& one) {
    return (version && one.suite->version != *version) || (role && one.role != *role);
  });
  return fitting;
}

inline std::string name_of_role_and_suite(const testing::TestParamInfo<RoleAndSuite>& instance) {
  return name_of(instance.param.role, *instance.param.suite);
}

class RoleAndSuiteTest : public SeededTest, public testing::WithParamInterface<RoleAndSuite> {
 protected:
  static Role role() { return GetParam().role; }
  static const tls::CipherSuite& suite() { return *GetParam().suite; }
};

}  // namespace baton::test
