// baton-proxy: the application server as a program in front of any TCP backend.
#include <sys/resource.h>

#include <random>

#include "common/daemon.h"
#include "common/log.h"
#include "crypto/aead_backend.h"
#include "proxy/config.h"
#include "proxy/event_loop.h"

namespace baton::proxy {
namespace {

using programs::log_event;
using programs::LogLevel;
using programs::report;

// Clients beyond their rate that are told so at once; to leave takes them five seconds at the most.
constexpr std::size_t kMostRefusals = 256;

// Each connection has two descriptors, the client's and the backend's; what is kept back is for links, logs
// and new backends of connections that have been accepted.
std::uint64_t connection_limit(const Config& config) {
  constexpr rlim_t kReserve = 64;
  rlimit descriptors{};
  if (config.limits.max_connections != 0) return config.limits.max_connections;
  if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0 || descriptors.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return descriptors.rlim_cur > 2 * kReserve ? (descriptors.rlim_cur - kReserve) / 2 : kReserve;
}

int serve(const Config& config, LoadedFiles files) {
  std::random_device random;
  ProxyShared shared{config,
                     {},
                     std::move(files.local_tls),
                     {},
                     {connection_limit(config), 1},
                     {config.limits.max_handshakes, 1},
                     {config.limits.client_rate, std::uniform_int_distribution<std::uint64_t>()(random)},
                     {kMostRefusals, 1}};
  auto link_tls = links::make_link_tls(config.links, files.link);
  if (!link_tls) return report(link_tls.error());
  shared.link_tls = std::move(*link_tls);
  files.link.reset();  // its private key is where it is needed (R6)
  std::vector<std::unique_ptr<EventLoop>> loops;
  for (unsigned i = 0; i < programs::resolve_threads(config.threads); ++i) {
    loops.push_back(std::make_unique<EventLoop>(shared));
    if (auto listening = loops.back()->listen(); !listening) return report(listening.error());
  }
  log_event(LogLevel::info, "started",
            {{"version", BATON_VERSION},
             {"threads", loops.size()},
             {"aead", crypto::to_string(crypto::aead_backend().value())},
             {"config", config.file.string()}});
  programs::run_until_signal(loops);
  shared.counters.log();
  log_event(LogLevel::info, "stopped");
  return static_cast<int>(programs::ExitCode::ok);
}

}  // namespace
}  // namespace baton::proxy

int main(int argc, char** argv) {
  return baton::programs::run_daemon(argc, argv, baton::proxy::program_text(), baton::proxy::read_config,
                                     baton::proxy::load_files, baton::proxy::serve);
}
