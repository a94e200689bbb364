// What stands around the servers that the suite `offload` measures: clients and a backend.
//
//   baton-bench-load backend --port N
//   baton-bench-load clients --port N --connections N --concurrency N
//                            [--plain | [--tls12] [--resume] --name NAME --ca FILE]
//
// The clients prepare, wait for their cue, run, and write one JSON object.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "offload/backend.h"
#include "offload/client.h"
#include "offload/cue.h"
#include "offload/options.h"

namespace baton::bench {
namespace {

ClientSettings read_settings(const Options& options) {
  ClientSettings settings;
  settings.port = static_cast<std::uint16_t>(options.number("--port"));
  if (options.has("--plain")) {
    settings.speech = Speech::plain;
    return settings;
  }
  if (options.has("--tls12")) settings.speech = Speech::tls12;
  settings.resume = options.has("--resume");
  settings.server_name = options.text("--name");
  settings.ca_file = options.text("--ca");
  return settings;
}

// Microseconds to the first byte of each connection, in no order.
std::vector<double> run(std::vector<std::unique_ptr<Client>>& clients, unsigned connections) {
  std::vector<double> taken(connections);
  std::atomic<unsigned> next = 0;
  std::vector<std::thread> threads;
  for (const auto& client : clients) {
    threads.emplace_back([&taken, &next, &client] {
      for (unsigned i = next++; i < taken.size(); i = next++) taken[i] = client->run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return taken;
}

void run_clients(const Options& options) {
  const ClientSettings settings = read_settings(options);
  std::vector<std::unique_ptr<Client>> clients;
  for (unsigned i = 0; i < options.number("--concurrency"); ++i) {
    clients.push_back(std::make_unique<Client>(settings));
    clients.back()->prepare();
  }
  wait_for_cue();
  const auto start = std::chrono::steady_clock::now();
  const std::vector<double> taken = run(clients, options.number("--connections"));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("{\"seconds\": %.6f, \"first_byte_us\": [", seconds.count());
  for (std::size_t i = 0; i < taken.size(); ++i) std::printf("%s%.1f", i == 0 ? "" : ", ", taken[i]);
  std::puts("]}");
}

}  // namespace
}  // namespace baton::bench

int main(int count, char** arguments) {
  using namespace baton::bench;
  const Options options(count, arguments);
  std::signal(SIGPIPE, SIG_IGN);  // libssl writes without MSG_NOSIGNAL
  if (options.is_command("backend")) serve_backend(static_cast<std::uint16_t>(options.number("--port")));
  require(options.is_command("clients"), "the command is: backend, or clients");
  run_clients(options);
}
