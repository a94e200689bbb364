// A TLS server on plain OpenSSL. Each client says its name to it; then another process goes on with the
// connection, on Baton.
//
//   openssl_server PORT CERTIFICATE KEY WORKER_SOCKET KEY_RING
//
// What Baton adds to the program is attach() at its start and adopt() at the end. Build with -lssl.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>

#include "baton/adopt.h"
#include "baton/library.h"
#include "baton/serialize.h"
#include "common/messages.h"
#include "common/seal_for.h"
#include "common/transport.h"

namespace {

using namespace example;
using SslContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;

void need_ssl(bool holds, const char* what) {
  if (!holds) fail(std::string(what) + ": " + ERR_error_string(ERR_get_error(), nullptr));
}

SslContext make_context(const char* certificate, const char* key) {
  SslContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  need_ssl(SSL_CTX_use_certificate_chain_file(context.get(), certificate) == 1, certificate);
  need_ssl(SSL_CTX_use_PrivateKey_file(context.get(), key, SSL_FILETYPE_PEM) == 1, key);
  need(baton::attach(context.get()));  // before the first SSL_new()
  return context;
}

// As such programs do. False: the client is gone.
bool greet(SSL* ssl) {
  if (SSL_accept(ssl) != 1) return false;
  std::array<char, 256> name{};
  const int size = SSL_read(ssl, name.data(), static_cast<int>(name.size()));
  if (size <= 0) return false;
  const std::string greeting = "OpenSSL, process " + std::to_string(::getpid()) + ": hello " +
                               std::string(name.data(), static_cast<std::size_t>(size));
  return SSL_write(ssl, greeting.data(), static_cast<int>(greeting.size())) > 0;
}

struct Successor {
  Socket channel;
  baton::Seal seal;
  baton::Config config = baton::Config::continuing(baton::Role::server);
};

// The SSL can do nothing more after this, not even say goodbye; the socket stays open.
baton::Result<baton::Bytes> envelope_of(SSL* ssl, const Successor& worker) {
  auto connection = baton::adopt(ssl, worker.config);
  if (!connection) return tl::unexpected(connection.error());
  return baton::serialize(std::move(*connection), worker.seal);
}

void serve(const Socket& client, SSL_CTX* context, const Successor& worker) {
  const Ssl ssl(SSL_new(context), &SSL_free);
  if (!ssl || SSL_set_fd(ssl.get(), client.fd()) != 1 || !greet(ssl.get())) return;
  const auto envelope = envelope_of(ssl.get(), worker);
  if (!envelope) return warn("not handed over: " + envelope.error().message);
  if (!send_message(worker.channel, *envelope, client)) warn("a client is lost: the worker is gone");
}

}  // namespace

int main(int argc, char** argv) {
  need_usage(argc == 6, "openssl_server PORT CERTIFICATE KEY WORKER_SOCKET KEY_RING");
  need(baton::start_library());
  // libssl writes with write(2): without this, a client that has gone away ends the process.
  std::signal(SIGPIPE, SIG_IGN);
  const SslContext context = make_context(argv[2], argv[3]);
  Socket channel = connect_at(argv[4]);
  baton::Seal seal = seal_for(peer_of(channel).pid, "adopted", KeyRingFile(argv[5]));
  Successor worker{std::move(channel), std::move(seal)};
  worker.config.set_serialization_version(baton::SerializationVersion::v1);
  const Socket listener = listen_on(argv[1]);
  for (;;) {
    Socket client = accept_from(listener);
    if (client) std::thread(serve, std::move(client), context.get(), std::cref(worker)).detach();
  }
}
