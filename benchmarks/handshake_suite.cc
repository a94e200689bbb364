// The server's CPU time of a TLS 1.3 handshake with a libssl client, until its connection reads and writes.
#include <benchmark/benchmark.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "certificate.h"
#include "handshake/server.h"
#include "libssl_end.h"
#include "registry.h"
#include "require.h"
#include "stopwatch.h"
#include "suites.h"
#include "tls/connection.h"

namespace baton::bench {
namespace {

constexpr const char* kSuite = "TLS_AES_128_GCM_SHA256";

// A client that keeps the last session that it was offered.
class Client {
 public:
  Client() {
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context_.get(), this);
    SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
      static_cast<Client*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->session_.reset(session);
      return 1;
    });
  }

  LibsslEnd connect(Pipe& pipe, bool resume) {
    LibsslEnd end(context_.get(), pipe, true);
    if (resume) require(SSL_set_session(end.ssl(), session_.get()) == 1, "no session to resume");
    return end;
  }

 private:
  struct Free {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };
  SslContext context_ = make_libssl_client(kSuite);
  std::unique_ptr<SSL_SESSION, Free> session_;
};

// Both servers do a handshake in two steps; each gives its seconds.
class LibsslServer {
 public:
  struct Run {
    Pipe pipe;
    std::optional<LibsslEnd> end;
  };

  double answer(Run& run, Bytes hello) {
    run.pipe.set_input(std::move(hello));
    const Stopwatch watch;
    run.end.emplace(context_.get(), run.pipe, false);
    const bool done = run.end->shake_hands();
    const double seconds = watch.seconds();
    require(!done, "libssl was done too early");
    return seconds;
  }
  double finish(Run& run, Bytes finished) {
    run.pipe.set_input(std::move(finished));
    const Stopwatch watch;
    const bool done = run.end->shake_hands();
    const double seconds = watch.seconds();
    require(done, "libssl's handshake is not done");
    return seconds;
  }
  Bytes take_output(Run& run) { return run.pipe.take_output(); }

 private:
  SslContext context_ = make_libssl_server(kSuite);
};

class BatonServer {
 public:
  struct Run {
    std::unique_ptr<handshake::Handshake> handshake;
    std::optional<tls::Connection> connection;
    Bytes output;
  };

  BatonServer() {
    const test::TestCertificate& certificate = server_certificate();
    handshake::TenantPolicy policy;
    policy.label = "bench";
    policy.cipher_suites = {kSuite};
    policy.min_version = tls::ProtocolVersion::tls13;
    std::vector<Credential> credentials;
    credentials.push_back({certificate.chain_pem,
                           SecretBuffer(certificate.key_pem.begin(), certificate.key_pem.end()), "chain",
                           "key"});
    tenant_ = value_of(handshake::Tenant::load(std::move(policy), std::move(credentials)), "no tenant");
    endpoint_ = value_of(handshake::ServerEndpoint::create({}), "no endpoint");
  }

  double answer(Run& run, const Bytes& hello) {
    const Stopwatch watch;
    run.handshake =
        value_of(endpoint_->accept([this](const auto&) -> handshake::TenantChoice { return tenant_; }),
                 "no handshake");
    const auto progress = run.handshake->advance(hello);
    run.output = run.handshake->take_output();
    const double seconds = watch.seconds();
    require(progress == handshake::Progress::need_bytes, "Baton's handshake failed");
    return seconds;
  }
  double finish(Run& run, const Bytes& finished) {
    const Stopwatch watch;
    const auto progress = run.handshake->advance(finished);
    require(progress == handshake::Progress::complete, "Baton's handshake is not done");
    run.output = run.handshake->take_output();
    run.connection.emplace(
        value_of(tls::Connection::from_state(value_of(run.handshake->take_state(), "no state")), "no keys"));
    return watch.seconds();
  }
  Bytes take_output(Run& run) { return std::move(run.output); }

 private:
  std::shared_ptr<const handshake::Tenant> tenant_;
  std::shared_ptr<const handshake::ServerEndpoint> endpoint_;
};

template <class Server>
double shake_hands(Client& client, Server& server, bool resume) {
  typename Server::Run run;
  Pipe pipe;
  LibsslEnd end = client.connect(pipe, resume);
  end.shake_hands();
  double seconds = server.answer(run, pipe.take_output());
  pipe.set_input(server.take_output(run));
  require(end.shake_hands(), "the client is not done");
  seconds += server.finish(run, pipe.take_output());
  pipe.set_input(server.take_output(run));
  std::uint8_t none = 0;
  SSL_read(end.ssl(), &none, 1);  // takes the tickets
  require((SSL_session_reused(end.ssl()) == 1) == resume, "resumed or not: the other way round");
  return seconds;
}

template <class Server>
void measure(benchmark::State& state, bool resume) {
  Server server;
  Client client;
  shake_hands(client, server, false);
  for (auto _ : state) state.SetIterationTime(shake_hands(client, server, resume));
  state.SetItemsProcessed(state.iterations());
}

template <class Server>
void register_server(const std::string& subject) {
  add("handshake", "full-tls13-ecdsa-p256", subject,
      [](benchmark::State& state) { measure<Server>(state, false); });
  add("handshake", "resumed-tls13", subject, [](benchmark::State& state) { measure<Server>(state, true); });
}

}  // namespace

void register_handshake_suite() {
  register_server<BatonServer>("baton");
  register_server<LibsslServer>("libssl");
}

}  // namespace baton::bench
