// The files that the key store's configuration names.
#include <fmt/format.h>

#include <algorithm>

#include "common/files.h"
#include "handshake/signing_key.h"
#include "keystore/config.h"
#include "keystore/signing_keys.h"

namespace baton::keystore {
namespace {

using programs::ConfigErrors;

constexpr std::size_t kTicketKeyFile = 80;  // bytes: name 16, HMAC key 32, AES key 32

using TenantPointer = std::shared_ptr<const handshake::Tenant>;

// Without the client certificate authorities.
handshake::TenantPolicy make_policy(const TenantConfig& tenant) {
  handshake::TenantPolicy policy;
  policy.label = tenant.names.front();
  policy.min_version = tenant.tls.min_version;
  policy.max_version = tenant.tls.max_version;
  policy.cipher_suites = tenant.cipher_suites;
  policy.alpn = tenant.tls.alpn;
  return policy;
}

TenantPointer load_credentials(handshake::TenantPolicy policy, std::vector<handshake::Credential> credentials,
                               const programs::Place& place, ConfigErrors& errors) {
  auto loaded = handshake::Tenant::load(std::move(policy), std::move(credentials));
  if (loaded) return *loaded;
  errors.add(place, loaded.error().message);
  return nullptr;
}

// The same tenant, which now demands a certificate of its clients.
TenantPointer demand_client_certificate(const TenantConfig& tenant,
                                        std::vector<handshake::Credential> credentials,
                                        ConfigErrors& errors) {
  const programs::NamedFile& file = *tenant.client_ca;
  auto pem = programs::read_text_file(file.path, programs::kMaxPemFile);
  if (!pem) {
    errors.add(file.place, pem.error().message);
    return nullptr;
  }
  handshake::TenantPolicy policy = make_policy(tenant);
  policy.client_ca_pem = std::move(*pem);
  return load_credentials(std::move(policy), std::move(credentials), file.place, errors);
}

// Null when something was wrong and is noted. What can be wrong is loaded one by one, so that its error
// stands at its line.
TenantPointer load_tenant(const TenantConfig& tenant, ConfigErrors& errors) {
  std::vector<handshake::Credential> credentials;
  TenantPointer loaded;
  bool all_good = true;
  for (const CertificateFiles& files : tenant.certificates) {
    auto credential = programs::read_credential(files.chain, files.private_key, errors);
    if (credential) loaded = load_credentials(make_policy(tenant), {*credential}, files.chain.place, errors);
    if (!credential || !loaded) {
      all_good = false;
      continue;
    }
    credentials.push_back(std::move(*credential));
  }
  if (!all_good) return nullptr;
  if (credentials.size() > 1)
    loaded = load_credentials(make_policy(tenant), credentials, tenant.place, errors);
  if (!loaded || !tenant.client_ca) return loaded;
  return demand_client_certificate(tenant, std::move(credentials), errors);
}

SecretBuffer load_ticket_keys(const programs::NamedFile& file, ConfigErrors& errors) {
  auto keys = programs::read_secret_file(file.path, kTicketKeyFile);
  if (keys && keys->size() == kTicketKeyFile) return std::move(*keys);
  if (!keys && keys.error().code != ErrorCode::limit_exceeded) {
    errors.add(file.place, keys.error().message);
  } else {
    errors.add(file.place,
               fmt::format("{0} must have exactly {1} bytes; make it with: (umask 077; openssl rand -out "
                           "{0} {1})",
                           file.path.string(), kTicketKeyFile));
  }
  return {};
}

// Groups are names that only libssl knows.
void check_groups(const Config& config, ConfigErrors& errors) {
  if (!config.groups_place) return;
  handshake::ServerOptions options;
  options.groups = config.groups;
  auto endpoint = handshake::ServerEndpoint::create(std::move(options));
  if (!endpoint) errors.add(*config.groups_place, endpoint.error().message);
}

bool has_key(const handshake::Tenant& tenant, const KeyDigest& digest) {
  const auto keys = handshake::signing_keys(tenant);
  return keys && std::ranges::any_of(*keys, [&](const auto& key) { return key->digest() == digest; });
}

// Whoever may sign with the link's key could pose as this key store to other application servers.
void check_link_key(const Config& config, const LoadedFiles& files, ConfigErrors& errors) {
  if (!files.link) return;
  const auto link_keys = handshake::Tenant::load({}, {files.link->credential}).and_then([](const auto& link) {
    return handshake::signing_keys(*link);
  });
  if (!link_keys) return errors.add(config.link.tls->certificate.place, link_keys.error().message);
  for (std::size_t i = 0; i < files.tenants.size(); ++i) {
    if (!config.tenants[i].offload.signing || !files.tenants[i]) continue;
    if (!has_key(*files.tenants[i], link_keys->front()->digest())) continue;
    errors.add(config.tenants[i].place,
               "signs with the key of link.certificate, with which whoever may sign could pose as this key "
               "store: give the link a key of its own");
  }
}

Result<void> warn_of_lacking_names(const Config& config, LoadedFiles& files) {
  for (const ApplicationServer& application_server : config.application_servers) {
    if (!application_server.offload.signing) continue;
    auto names = name_set(application_server);
    if (!names) return pass_on(names);
    if (const auto why = files.signing_keys->why_none(*names, application_server.signing_kinds)) {
      files.warnings.add(application_server.place,
                         "warning: no key signs for it, although it has \"signing\" in offload: " + *why);
    }
  }
  return {};
}

}  // namespace

Result<LoadedFiles> load_files(const Config& config) {
  ConfigErrors errors(config.file);
  LoadedFiles files{{}, {}, {}, {}, ConfigErrors(config.file)};
  if (config.ticket_key_file) files.ticket_keys = load_ticket_keys(*config.ticket_key_file, errors);
  programs::check_log_file(config.log, errors);
  check_groups(config, errors);
  if (config.link.tls) files.link = programs::load_link_credential(*config.link.tls, errors);
  for (const TenantConfig& tenant : config.tenants) files.tenants.push_back(load_tenant(tenant, errors));
  check_link_key(config, files, errors);
  if (!errors.empty()) return errors.as_failure();
  auto signing_keys = SigningKeys::create(config, files.tenants);
  if (!signing_keys) return pass_on(signing_keys);
  files.signing_keys = std::move(*signing_keys);
  if (auto warned = warn_of_lacking_names(config, files); !warned) return pass_on(warned);
  return files;
}

}  // namespace baton::keystore
