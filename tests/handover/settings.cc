#include "settings.h"

namespace baton::test {
namespace {

UnixTime system_time() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

KeyType key_type_of(const tls::CipherSuite& suite) {
  return suite.name.find("_RSA_") != std::string_view::npos ? KeyType::rsa2048 : KeyType::p256;
}

ServerSettings server_settings(const tls::CipherSuite& suite) {
  ServerSettings settings;
  settings.credentials.push_back(credential(certificate_for_name(key_type_of(suite))));
  settings.cipher_suites = {std::string(suite.name)};
  return settings;
}

ClientSettings client_settings(const tls::CipherSuite& suite) {
  ClientSettings settings;
  settings.server_name = kName;
  settings.ca_pem = test_ca().pem();
  settings.cipher_suites = {std::string(suite.name)};
  return settings;
}

Config config_for(Role role, const tls::CipherSuite& suite) {
  return serializable(role == Role::server ? Config::server(server_settings(suite))
                                           : Config::client(client_settings(suite)));
}

Config serializable(Result<Config> config) {
  return value_of(std::move(config)).set_serialization_version(SerializationVersion::v1);
}

Config continuing(Role role) {
  return Config::continuing(role).set_serialization_version(SerializationVersion::v1);
}

const Seal& the_seal() {
  static const Seal seal = make_seal({.audience = "tests", .purpose = "handover"});
  return seal;
}

Seal make_seal(SealOptions options, std::shared_ptr<ClaimStore> claims) {
  return value_of(
      Seal::create(value_of(KeyRing::create(system_time())), std::move(claims), std::move(options)));
}

std::string name_of(Role role, const tls::CipherSuite& suite) {
  return std::string(to_string(role)) + "_" + std::string(suite.name);
}

}  // namespace baton::test
