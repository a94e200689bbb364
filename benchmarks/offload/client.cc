#include "offload/client.h"

#include <sys/socket.h>

#include <array>
#include <chrono>

#include "offload/exchange.h"
#include "offload/socket.h"
#include "require.h"

namespace baton::bench {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// The same cryptography with every server: X25519, and P-256 as that of certificates in TLS 1.2.
void settle(SSL_CTX* context, Speech speech) {
  const int version = speech == Speech::tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
  require(SSL_CTX_set_min_proto_version(context, version) == 1 &&
              SSL_CTX_set_max_proto_version(context, version) == 1 &&
              SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") == 1 &&
              SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM") == 1 &&
              SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1,
          "libssl refuses the client's settings");
}

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

}  // namespace

Client::Client(const ClientSettings& settings) : settings_(settings) {
  if (settings_.speech == Speech::plain) return;
  context_.reset(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  settle(context_.get(), settings_.speech);
  require(SSL_CTX_load_verify_locations(context_.get(), settings_.ca_file.c_str(), nullptr) == 1,
          "the CA's file cannot be read");
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_app_data(context_.get(), this);
  SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
    static_cast<Client*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->session_.reset(session);
    return 1;
  });
}

void Client::prepare() {
  if (settings_.resume) run_tls(false);
}

double Client::run() {
  return settings_.speech == Speech::plain ? run_plain() : run_tls(settings_.resume);
}

double Client::run_plain() {
  const auto start = Clock::now();
  LoopbackSocket socket = LoopbackSocket::connect(settings_.port);
  std::array<char, 4096> answer;
  require(send(socket.descriptor(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) > 0 &&
              recv(socket.descriptor(), answer.data(), answer.size(), 0) > 0,
          "a plain connection failed");
  const double taken = microseconds_since(start);
  socket.finish();
  return taken;
}

double Client::run_tls(bool resume) {
  const auto start = Clock::now();
  LoopbackSocket socket = LoopbackSocket::connect(settings_.port);
  const std::unique_ptr<SSL, FreeSsl> ssl(SSL_new(context_.get()));
  SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, settings_.server_name.data());
  require(SSL_set_fd(ssl.get(), socket.descriptor()) == 1 &&
              SSL_set1_host(ssl.get(), settings_.server_name.c_str()) == 1,
          "libssl refuses the socket");
  if (resume) require(SSL_set_session(ssl.get(), session_.get()) == 1, "no session to resume");
  require(SSL_connect(ssl.get()) == 1, "a handshake failed");
  require((SSL_session_reused(ssl.get()) == 1) == resume, "resumed or not: the other way round");
  std::array<char, 4096> answer;
  require(SSL_write(ssl.get(), kRequest.data(), static_cast<int>(kRequest.size())) > 0 &&
              SSL_read(ssl.get(), answer.data(), static_cast<int>(answer.size())) > 0,
          "a TLS connection failed");
  const double taken = microseconds_since(start);
  SSL_shutdown(ssl.get());
  socket.finish();
  return taken;
}

}  // namespace baton::bench
