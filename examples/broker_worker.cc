// Borrows a TLS connection from the broker, says something on it, and gives it back. It does no handshake,
// and does not know whom the broker trusts.
//
//   broker_worker BROKER_SOCKET KEY_RING TEXT
#include "baton/library.h"
#include "baton/serialize.h"
#include "common/messages.h"
#include "common/seal_for.h"
#include "common/transport.h"

int main(int argc, char** argv) {
  using namespace example;
  need_usage(argc == 4, "broker_worker BROKER_SOCKET KEY_RING TEXT");
  need(baton::start_library());
  baton::Config config = baton::Config::continuing(baton::Role::client);
  config.set_serialization_version(baton::SerializationVersion::v1);
  const Socket broker = connect_at(argv[1]);
  const KeyRingFile key_ring(argv[2]);
  const baton::Seal lent = seal_for(::getpid(), "lent", key_ring);
  const baton::Seal returned = seal_for(peer_of(broker).pid, "returned", key_ring);

  send_message(broker, bytes_of("a connection, please"));
  const std::optional<Message> message = receive_message(broker);
  if (!message) fail("the broker has none");
  auto connection = need(baton::deserialize(message->bytes, lent, config));

  // A connection that ends here is not given back.
  if (!write(message->socket, connection, argv[3])) fail("the server is gone");
  const std::string answer = read(message->socket, connection);
  if (answer.empty()) fail("the server has no answer");
  std::printf("%s\n", answer.c_str());

  const baton::Bytes envelope = need(baton::serialize(std::move(connection), returned));
  if (!send_message(broker, envelope)) fail("the broker is gone");
}
