// From a live connection to bytes, and back until it reads and writes.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "baton_states.h"
#include "dtls_serializer.h"
#include "registry.h"
#include "require.h"
#include "serialization/serialization.h"
#include "stopwatch.h"
#include "suites.h"

namespace baton::bench {
namespace {

constexpr std::size_t kBatch = 64;  // connections

struct SuiteCase {
  const char* label;
  const char* iana;
};
constexpr SuiteCase kTls12 = {"tls12-aes128gcm", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"};
constexpr SuiteCase kCases[] = {
    {"tls13-sha256", "TLS_AES_128_GCM_SHA256"}, {"tls13-sha384", "TLS_AES_256_GCM_SHA384"}, kTls12};

std::vector<tls::Connection> make_connections(const char* suite) {
  std::vector<tls::Connection> connections;
  connections.reserve(kBatch);
  for (std::size_t i = 0; i < kBatch; ++i) {
    connections.push_back(value_of(tls::Connection::from_state(make_states(suite).server), "no connection"));
  }
  return connections;
}

Result<SecretBuffer> serialize_one(tls::Connection&& connection) {
  tls::Connection taken = std::move(connection);  // its keys are wiped before we return
  auto state = std::move(taken).into_state();
  if (!state) return pass_on(state);
  return serialization::serialize_unprotected(std::move(*state), SerializationVersion::v1);
}

// The connections are gone, keys and all, when the watch is read.
void serialize(benchmark::State& state, const char* suite) {
  for (auto _ : state) {
    std::vector<tls::Connection> connections = make_connections(suite);
    std::size_t bytes = 0;
    const Stopwatch watch;
    for (tls::Connection& connection : connections) {
      bytes += value_of(serialize_one(std::move(connection)), "not serialized").size();
    }
    state.SetIterationTime(watch.seconds());
    require(bytes > 0, "nothing was serialized");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}

void deserialize(benchmark::State& state, const char* suite) {
  std::vector<SecretBuffer> serialized;
  for (tls::Connection& connection : make_connections(suite)) {
    serialized.push_back(value_of(serialize_one(std::move(connection)), "not serialized"));
  }
  std::vector<tls::Connection> connections;
  connections.reserve(kBatch);
  for (auto _ : state) {
    connections.clear();
    const Stopwatch watch;
    for (const SecretBuffer& bytes : serialized) {
      auto read = value_of(serialization::deserialize_unprotected(bytes), "not deserialized");
      connections.push_back(value_of(tls::Connection::from_state(std::move(read)), "no connection"));
    }
    state.SetIterationTime(watch.seconds());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}

using Peers = std::array<DtlsSerializer, 16>;

double save(Peers& peers) {
  const Stopwatch watch;
  for (DtlsSerializer& peer : peers) peer.save();
  return watch.seconds();
}

double load(Peers& peers) {
  const Stopwatch watch;
  for (DtlsSerializer& peer : peers) peer.load();
  return watch.seconds();
}

enum class Direction { save, load };

void measure_dtls(benchmark::State& state, Direction direction) {
  const auto peers = std::make_unique<Peers>();
  for (auto _ : state) {
    const double saving = save(*peers);
    const double loading = load(*peers);
    state.SetIterationTime(direction == Direction::save ? saving : loading);
  }
  for (DtlsSerializer& peer : *peers) peer.require_alive();
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(peers->size()));
}

}  // namespace

void register_serialize_suite() {
  for (const SuiteCase& test : kCases) {
    const std::string label = test.label;
    add("serialize", "serialize-" + label, "baton",
        [=](benchmark::State& state) { serialize(state, test.iana); });
    add("serialize", "deserialize-" + label, "baton",
        [=](benchmark::State& state) { deserialize(state, test.iana); });
  }
  if (!DtlsSerializer::available()) return;
  add("serialize", std::string("serialize-") + kTls12.label, "mbedtls",
      [](benchmark::State& state) { measure_dtls(state, Direction::save); });
  add("serialize", std::string("deserialize-") + kTls12.label, "mbedtls",
      [](benchmark::State& state) { measure_dtls(state, Direction::load); });
}

}  // namespace baton::bench
