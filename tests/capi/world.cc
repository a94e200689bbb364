#include "world.h"

#include <cstdlib>

#include "capi/handles.h"
#include "support/pki.h"

struct world_key_store {
  baton::LinkToApplicationServer link;
};

namespace {

using namespace baton;

const test::TestCa& ca() {
  static const test::TestCa the_ca;
  return the_ca;
}

const test::TestCertificate& certificate() {
  static const test::TestCertificate the_certificate = [] {
    test::CertificateOptions options;
    options.dns_names = {SERVER_NAME, "app1.internal"};
    return ca().issue(options);
  }();
  return the_certificate;
}

template <class T>
T value_of(Result<T> result) {
  if (!result) std::abort();
  return std::move(*result);
}

Config config_for_clients() {
  const std::string& key = certificate().key_pem;
  ServerSettings settings;
  settings.credentials.push_back(
      {certificate().chain_pem, SecretBuffer(key.begin(), key.end()), "chain", "key"});
  Config config = value_of(Config::server(std::move(settings)));
  return config.set_serialization_version(SerializationVersion::v1);
}

}  // namespace

const char* world_ca() {
  return ca().pem().c_str();
}
const char* world_chain() {
  return certificate().chain_pem.c_str();
}
const char* world_key() {
  return certificate().key_pem.c_str();
}

const char* world_kept_chain(const baton_settings* settings) {
  return settings->credentials.front().chain_pem.c_str();
}
const char* world_kept_ca(const baton_settings* settings) {
  return settings->ca_pem.c_str();
}

world_key_store* world_key_store_new(baton_connection* tls) {
  KeyStoreOptions options;
  options.names = {SERVER_NAME};
  const Config config = config_for_clients();
  return new world_key_store{
      value_of(tls == nullptr ? LinkToApplicationServer::over_unprotected(config, options, {})
                              : LinkToApplicationServer::over(std::move(tls->value), config, options, {}))};
}

void world_key_store_receive(world_key_store* store, const uint8_t* bytes, size_t size) {
  static_cast<void>(store->link.receive({bytes, size}, {}));
}

const uint8_t* world_key_store_output(world_key_store* store, size_t* size) {
  const ByteView output = store->link.output();
  *size = output.size();
  return output.data();
}

void world_key_store_output_sent(world_key_store* store, size_t count) {
  store->link.output_sent(count);
}

size_t world_key_store_established(world_key_store* store) {
  size_t count = 0;
  while (auto report = store->link.next_report()) {
    if (report->outcome == OffloadOutcome::established) ++count;
  }
  return count;
}

void world_key_store_free(world_key_store* store) {
  delete store;
}
