// Goes on with connections that openssl_server has begun: repeats what clients say. It holds no certificate
// and no private key.
//
//   openssl_worker WORKER_SOCKET KEY_RING
#include <thread>

#include "baton/library.h"
#include "baton/serialize.h"
#include "common/messages.h"
#include "common/seal_for.h"
#include "common/transport.h"

namespace {

using namespace example;

void serve(const Socket& client, baton::Connection connection) {
  // A connection that was adopted may bring along what the old process has not sent.
  if (!send_all(client, connection.take_output())) return;
  const std::string prefix = "Baton, process " + std::to_string(::getpid()) + ": ";
  for (std::string text = read(client, connection); !text.empty(); text = read(client, connection)) {
    if (!write(client, connection, prefix + text)) return;
  }
  if (connection.close_write()) send_all(client, connection.take_output());
}

}  // namespace

int main(int argc, char** argv) {
  need_usage(argc == 3, "openssl_worker WORKER_SOCKET KEY_RING");
  need(baton::start_library());
  const baton::Config config = baton::Config::continuing(baton::Role::server);
  const baton::Seal seal = seal_for(::getpid(), "adopted", KeyRingFile(argv[2]));
  const Socket listener = listen_at(argv[1]);
  for (;;) {
    const Socket server = accept_from(listener);
    while (std::optional<Message> message = receive_message(server)) {
      if (!message->socket) {
        warn("a client is lost: no descriptor is left");
        continue;
      }
      auto connection = baton::deserialize(message->bytes, seal, config);
      if (!connection) {
        warn("refused: " + connection.error().message);
        continue;
      }
      std::thread(serve, std::move(message->socket), std::move(*connection)).detach();
    }
  }
}
