#include "baton/config.h"

#include "api/inside.h"

namespace baton {

UnixTime system_time() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

UnixTime Config::now() const {
  return clock_ ? clock_() : system_time();
}

Config::Config(Role role) : role_(role), clock_(system_time) {}

Config Config::continuing(Role role) {
  return Config(role);
}

Result<Config> Config::server(ServerSettings settings) {
  handshake::TenantPolicy policy;
  policy.label = "server";
  policy.min_version = settings.min_version;
  policy.max_version = settings.max_version;
  policy.cipher_suites = std::move(settings.cipher_suites);
  policy.alpn = std::move(settings.alpn);
  policy.client_ca_pem = std::move(settings.client_ca_pem);
  auto tenant = handshake::Tenant::load(std::move(policy), std::move(settings.credentials));
  if (!tenant) return tl::unexpected(std::move(tenant.error()));
  handshake::ServerOptions options;
  options.ticket_keys = std::move(settings.ticket_keys);
  options.groups = std::move(settings.groups);
  options.keep = settings.keep;
  auto endpoint = handshake::ServerEndpoint::create(std::move(options));
  if (!endpoint) return tl::unexpected(std::move(endpoint.error()));
  Config config(Role::server);
  config.endpoint_ =
      std::make_shared<const Endpoint>(Endpoint{std::move(*endpoint), std::move(*tenant), nullptr});
  return config;
}

Result<Config> Config::client(ClientSettings settings) {
  handshake::ClientOptions options;
  options.ca_pem = std::move(settings.ca_pem);
  options.server_name = std::move(settings.server_name);
  options.credential = std::move(settings.credential);
  options.alpn = std::move(settings.alpn);
  options.min_version = settings.min_version;
  options.max_version = settings.max_version;
  options.cipher_suites = std::move(settings.cipher_suites);
  options.groups = std::move(settings.groups);
  options.keep = settings.keep;
  auto endpoint = handshake::ClientEndpoint::create(std::move(options));
  if (!endpoint) return tl::unexpected(std::move(endpoint.error()));
  Config config(Role::client);
  config.endpoint_ = std::make_shared<const Endpoint>(Endpoint{nullptr, nullptr, std::move(*endpoint)});
  return config;
}

Config& Config::set_serialization_version(SerializationVersion version) {
  version_ = version;
  return *this;
}

Config& Config::set_rekey_before_serialize(bool rekey) {
  rekey_ = rekey;
  return *this;
}

Config& Config::set_s2n_v1(bool on) {
  s2n_v1_ = on;
  return *this;
}

Config& Config::set_keep_imported_master_secret(bool keep) {
  keep_imported_master_secret_ = keep;
  return *this;
}

Config& Config::set_import_policy(ImportPolicy policy) {
  policy_ = std::move(policy);
  return *this;
}

Config& Config::set_padding_block(std::uint16_t bytes) {
  padding_block_ = bytes;
  return *this;
}

Config& Config::set_small_records_up_to(std::uint32_t bytes) {
  small_records_up_to_ = bytes;
  return *this;
}

Config& Config::set_clock(std::function<UnixTime()> clock) {
  clock_ = clock ? std::move(clock) : system_time;
  return *this;
}

Result<std::unique_ptr<handshake::Handshake>> start_handshake(const Config::Endpoint& endpoint) {
  if (endpoint.client) return endpoint.client->connect();
  return endpoint.server->accept(
      [chosen = endpoint.tenant](const handshake::ClientHelloInfo& /*hello*/) { return chosen; });
}

}  // namespace baton
