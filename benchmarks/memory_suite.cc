// What the allocator holds for an established connection that has sent and received one record and rests.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "baton/serialize.h"
#include "baton_states.h"
#include "gnutls_end.h"
#include "libssl_end.h"
#include "registry.h"
#include "require.h"
#include "serialization/serialization.h"
#include "suites.h"

namespace baton::bench {
namespace {

constexpr const char* kSuite = "TLS_AES_128_GCM_SHA256";
const std::string kText = "one record";

double allocated() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

void report(benchmark::State& state, double before, double after, std::size_t count) {
  state.SetIterationTime(1e-3);  // nothing is timed here
  state.counters["bytes"] = (after - before) / static_cast<double>(count);
}

// One record each way. `Server` is Baton's inner or public connection.
template <class Server>
void exchange(Server& server, tls::Connection& client) {
  require(client.write(as_bytes(kText)).has_value(), "the client did not write");
  server.feed(client.output());
  client.output_sent(client.output().size());
  const Event event = server.next();
  const auto* data = std::get_if<ApplicationData>(&event);
  require(data != nullptr && data->bytes.size() == kText.size(), "the server did not read");
  server.consume(data->bytes.size());
  require(std::holds_alternative<NeedBytes>(server.next()), "the server has more");
  require(server.write(as_bytes(kText)).has_value(), "the server did not write");
  server.output_sent(server.output().size());
}

tls::Connection inner(tls::ConnectionState state) {
  return value_of(tls::Connection::from_state(std::move(state)), "no connection");
}

std::unique_ptr<tls::Connection> make_inner(tls::ConnectionState state) {
  return std::make_unique<tls::Connection>(inner(std::move(state)));
}

Connection make_public(tls::ConnectionState state) {
  static const Config kConfig = Config::continuing(Role::server);
  auto bytes = serialization::serialize_unprotected(std::move(state), SerializationVersion::v1);
  return value_of(deserialize_unprotected(value_of(std::move(bytes), "not serialized"), kConfig),
                  "not deserialized");
}

tls::Connection& server_of(std::unique_ptr<tls::Connection>& held) {
  return *held;
}
Connection& server_of(Connection& held) {
  return held;
}

template <class Held>
void rest_after_a_record(std::vector<Held>& all, Held (*make)(tls::ConnectionState)) {
  States states = make_states(kSuite);
  tls::Connection client = inner(std::move(states.client));
  all.push_back(make(std::move(states.server)));
  exchange(server_of(all.back()), client);
}

template <class Held>
void measure_baton(benchmark::State& state, Held (*make)(tls::ConnectionState)) {
  constexpr std::size_t kCount = 10'000;
  std::vector<Held> warm_up;
  rest_after_a_record(warm_up, make);  // the pool of the thread, which is no connection's
  for (auto _ : state) {
    const double before = allocated();
    std::vector<Held> all;
    all.reserve(kCount);
    while (all.size() < kCount) rest_after_a_record(all, make);
    report(state, before, allocated(), kCount);
  }
}

void exchange(LibsslEnd& client, LibsslEnd& server) {
  const int size = static_cast<int>(kText.size());
  char buffer[64];
  require(SSL_write(client.ssl(), kText.data(), size) == size, "libssl did not write");
  server.pipe().set_input(client.pipe().take_output());
  require(SSL_read(server.ssl(), buffer, sizeof buffer) == size, "libssl did not read");
  require(SSL_read(server.ssl(), buffer, sizeof buffer) < 0, "libssl has more");
  require(SSL_write(server.ssl(), kText.data(), size) == size, "libssl did not write");
}

void exchange(GnutlsEnd& client, GnutlsEnd& server) {
  const auto size = static_cast<ssize_t>(kText.size());
  char buffer[64];
  require(gnutls_record_send(client.session(), kText.data(), kText.size()) == size, "GnuTLS did not write");
  server.pipe().set_input(client.pipe().take_output());
  require(gnutls_record_recv(server.session(), buffer, sizeof buffer) == size, "GnuTLS did not read");
  require(gnutls_record_recv(server.session(), buffer, sizeof buffer) == GNUTLS_E_AGAIN, "GnuTLS has more");
  require(gnutls_record_send(server.session(), kText.data(), kText.size()) == size, "GnuTLS did not write");
}

// The pipes and the handles stand for the application's socket and variable; they are there before.
template <class End, class Make>
void measure_other(benchmark::State& state, std::size_t count, const Make& make) {
  for (auto _ : state) {
    std::vector<Pipe> pipes(count);
    std::vector<std::optional<End>> servers(count);
    const double before = allocated();
    for (std::size_t i = 0; i < count; ++i) {
      make(servers[i], pipes[i], false);
      Pipe pipe;
      std::optional<End> client;
      make(client, pipe, true);
      connect(*client, *servers[i]);
      exchange(*client, *servers[i]);
      pipes[i].release();
    }
    report(state, before, allocated(), count);
  }
}

void measure_libssl(benchmark::State& state) {
  const SslContext server_context = make_libssl_server(kSuite);
  const SslContext client_context = make_libssl_client(kSuite);
  SSL_CTX_set_mode(server_context.get(), SSL_MODE_RELEASE_BUFFERS);
  measure_other<LibsslEnd>(state, 2000, [&](std::optional<LibsslEnd>& end, Pipe& pipe, bool is_client) {
    end.emplace(is_client ? client_context.get() : server_context.get(), pipe, is_client);
  });
}

void measure_gnutls(benchmark::State& state) {
  measure_other<GnutlsEnd>(state, 1000, [](std::optional<GnutlsEnd>& end, Pipe& pipe, bool is_client) {
    end.emplace("NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM", pipe, is_client);
  });
}

template <class Run>
void add_once(const std::string& test, const std::string& subject, Run run) {
  add("memory", test, subject, std::move(run))->Iterations(1)->Repetitions(3);
}

}  // namespace

void register_memory_suite() {
  add_once("idle-connection", "baton", [](benchmark::State& state) { measure_baton(state, make_inner); });
  add_once("idle-connection", "libssl", measure_libssl);
  add_once("idle-connection", "gnutls", measure_gnutls);
  add_once("idle-public-connection", "baton",
           [](benchmark::State& state) { measure_baton(state, make_public); });
  add_once("idle-public-connection", "libssl", measure_libssl);
  add_once("idle-public-connection", "gnutls", measure_gnutls);
}

}  // namespace baton::bench
