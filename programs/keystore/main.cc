// baton-keystore: owns certificates, keys and the TLS configuration, does the handshakes, hands over the
// connections.
#include <random>

#include "common/daemon.h"
#include "common/log.h"
#include "crypto/aead_backend.h"
#include "keystore/config.h"
#include "keystore/event_loop.h"

namespace baton::keystore {
namespace {

using programs::log_event;
using programs::LogLevel;
using programs::report;

// However few links there may be: connections whose ends have not shown yet who they are.
constexpr std::size_t kFewestNewcomers = 16;

std::string name_of(const ApplicationServer& application_server) {
  if (const auto* certificate = std::get_if<CertificateIdentity>(&application_server.identity)) {
    return certificate->name;
  }
  return "uid " + std::to_string(std::get<UnixIdentity>(application_server.identity).uid);
}

Result<std::vector<Authorized>> authorize(const Config& config) {
  std::vector<Authorized> authorized;
  for (const ApplicationServer& application_server : config.application_servers) {
    auto names = name_set(application_server);
    if (!names) return pass_on(names);
    authorized.push_back({authorized.size(), name_of(application_server),
                          std::make_shared<const offload::NameSet>(std::move(*names))});
  }
  return authorized;
}

// The link's own TLS. TLS 1.3 only: both ends are ours.
Result<std::shared_ptr<const handshake::Tenant>> make_link_tenant(LoadedFiles& files) {
  handshake::TenantPolicy policy;
  policy.label = "link";
  policy.min_version = tls::ProtocolVersion::tls13;
  policy.client_ca_pem = std::move(files.link->ca_pem);
  std::vector<handshake::Credential> credentials;
  credentials.push_back(std::move(files.link->credential));
  return handshake::Tenant::load(std::move(policy), std::move(credentials));
}

Result<std::unique_ptr<KeyStoreShared>> make_shared_state(const Config& config, LoadedFiles files) {
  std::shared_ptr<const handshake::ServerEndpoint> link_endpoint;
  std::shared_ptr<const handshake::Tenant> link_tenant;
  if (files.link) {
    auto tenant = make_link_tenant(files);
    if (!tenant) return pass_on(tenant);
    auto endpoint = handshake::ServerEndpoint::create({});
    if (!endpoint) return pass_on(endpoint);
    link_tenant = std::move(*tenant);
    link_endpoint = std::move(*endpoint);
  }
  handshake::ServerOptions options;
  options.ticket_keys = std::move(files.ticket_keys);
  options.groups = config.groups;
  options.max_handshake_bytes = static_cast<std::size_t>(config.limits.handshake_bytes);
  options.offload_slow_signatures = config.workers > 0;
  auto endpoint = handshake::ServerEndpoint::create(std::move(options));
  if (!endpoint) return pass_on(endpoint);
  auto tenants = Tenants::create(config, files.tenants);
  if (!tenants) return pass_on(tenants);
  auto authorized = authorize(config);
  if (!authorized) return pass_on(authorized);
  std::random_device random;
  const std::size_t servers = config.application_servers.size();
  return std::unique_ptr<KeyStoreShared>(
      new KeyStoreShared{config,
                         std::move(*endpoint),
                         std::move(link_endpoint),
                         std::move(link_tenant),
                         std::move(*tenants),
                         std::move(files.signing_keys),
                         std::move(*authorized),
                         {},
                         {std::max(config.workers, 1U), servers, config.limits.worker_queue},
                         Newcomers(std::max<std::size_t>(config.limits.max_links / 2, kFewestNewcomers)),
                         {config.limits.max_links, servers},
                         {config, std::uniform_int_distribution<std::uint64_t>()(random)},
                         std::deque<programs::LogThrottle>(servers)});
}

int serve(const Config& config, LoadedFiles files) {
  auto shared = make_shared_state(config, std::move(files));
  if (!shared) return report(shared.error());
  std::vector<std::unique_ptr<EventLoop>> loops;
  for (unsigned i = 0; i < programs::resolve_threads(config.threads); ++i) {
    loops.push_back(std::make_unique<EventLoop>(**shared));
    const auto unix_sockets = i == 0 ? UnixSockets::listen : UnixSockets::leave;
    if (auto listening = loops.back()->listen(unix_sockets); !listening) return report(listening.error());
  }
  log_event(LogLevel::info, "started",
            {{"version", BATON_VERSION},
             {"threads", loops.size()},
             {"aead", crypto::to_string(crypto::aead_backend().value())},
             {"serialization_version", static_cast<std::uint16_t>(config.serialization_version)},
             {"config", config.file.string()}});
  programs::run_until_signal(loops);
  (*shared)->workers.join();
  (*shared)->counters.log();
  log_event(LogLevel::info, "stopped");
  return static_cast<int>(programs::ExitCode::ok);
}

}  // namespace
}  // namespace baton::keystore

int main(int argc, char** argv) {
  return baton::programs::run_daemon(argc, argv, baton::keystore::program_text(),
                                     baton::keystore::read_config, baton::keystore::load_files,
                                     baton::keystore::serve);
}
