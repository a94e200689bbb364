// The smallest application server: serves HTTPS without a certificate, a private key, or any choice of TLS's
// parameters. A key store does the handshakes.
//
//   application_server PORT KEY_STORE_SOCKET
#include "baton/library.h"
#include "baton/offload.h"
#include "common/clients.h"
#include "common/messages.h"

namespace {

using namespace example;

// Whatever is asked.
bool hello(baton::Connection& connection, baton::ByteView /*request*/) {
  const std::string body = "hello, over " + std::string(to_string(connection.protocol_version())) + "\n";
  const std::string head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ";
  (void)connection.write(bytes_of(head + std::to_string(body.size()) + "\r\n\r\n" + body));
  return false;  // that was all
}

struct Server {
  Socket listener;
  Socket key_store;
  baton::LinkToKeyStore link = baton::LinkToKeyStore::over_unprotected();
  baton::Config config = baton::Config::continuing(baton::Role::server);
  Clients<baton::OffloadedHandshake> clients{};

  void accept_client() {
    Socket socket = accept_from(listener);
    if (!socket) return;
    auto handshake = link.open(config);
    if (!handshake) return warn(handshake.error().message);
    clients.add({std::move(socket), std::move(*handshake), hello});
  }

  void hear_key_store() {
    std::array<std::uint8_t, 64 * 1024> buffer{};
    const baton::ByteView received = receive(key_store, buffer);
    if (received.empty()) fail("the key store is gone");
    const auto taken = link.receive(received);
    // The link is not encrypted: these are the secrets of connections, and nobody else wipes our copy.
    baton::wipe(std::span(buffer).first(received.size()));
    if (!taken) fail("key store: " + taken.error().message);
    // Any handshake may have waited for this.
    clients.remove_if([](auto& client) { return client.is_shaking_hands() && !client.shake_hands({}); });
  }

  void run() {
    for (;;) {
      if (!send_some(key_store, link)) fail("the key store is gone");
      // What it does not take now waits, and it may wait for us to read: so neither waits for the other.
      pollfd news[] = {readable(link.ready() ? listener.fd() : -1), readable(key_store.fd())};
      if (!link.output().empty()) news[1].events |= POLLOUT;
      clients.serve(news, -1);
      if (news[0].revents != 0) accept_client();
      if ((news[1].revents & ~POLLOUT) != 0) hear_key_store();
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  need_usage(argc == 3, "application_server PORT KEY_STORE_SOCKET");
  need(baton::start_library());
  Server{listen_on(argv[1], SOCK_NONBLOCK), connect_at(argv[2], SOCK_STREAM)}.run();
}
