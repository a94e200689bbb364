// Keeps TLS connections to one server and lends them to worker processes, as poolers of database connections
// do: the handshake is done here, once, and many workers use the connection, one after the other.
//
//   broker HOST PORT CA BROKER_SOCKET KEY_RING
//
// A worker asks with any message. It gets the socket and the connection in an envelope, and sends an envelope
// back when it needs the connection no more.
#include <mutex>
#include <thread>
#include <vector>

#include "baton/library.h"
#include "baton/serialize.h"
#include "common/messages.h"
#include "common/seal_for.h"
#include "common/transport.h"

namespace {

using namespace example;

struct Borrowable {
  Socket socket;
  baton::Connection connection;
};

// Whether the server still wants it. What came while it was idle can be a session ticket, or a goodbye.
bool is_usable(Borrowable& idle) {
  std::array<std::uint8_t, 16 * 1024> buffer{};
  const ssize_t count = ::recv(idle.socket.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count == 0 || (count < 0 && errno != EAGAIN)) return false;
  if (count > 0) idle.connection.feed(std::span(buffer).first(static_cast<std::size_t>(count)));
  return std::holds_alternative<baton::NeedBytes>(idle.connection.next());
}

baton::Config client_config(const std::string& server_name, const std::string& ca) {
  baton::ClientSettings settings;
  settings.server_name = server_name;
  settings.ca_pem = read_file(ca);
  baton::Config config = need(baton::Config::client(std::move(settings)));
  config.set_serialization_version(baton::SerializationVersion::v1);
  return config;
}

struct Broker {
  std::string host, port;
  KeyRingFile key_ring;
  baton::Config config;
  baton::Seal returned = seal_for(::getpid(), "returned", key_ring);
  std::mutex mutex{};
  std::vector<Borrowable> idle{};

  // One that is idle, or a new one.
  baton::Result<Borrowable> take() {
    // Not locked any more while a new one is made.
    for (std::unique_lock lock(mutex); !idle.empty();) {
      Borrowable last = std::move(idle.back());
      idle.pop_back();
      if (is_usable(last)) return last;
    }
    Socket socket = connect_to(host, port);
    if (!socket) return tl::unexpected(baton::Error{baton::ErrorCode::io, "cannot reach " + host});
    auto connection = shake_hands(socket, config);
    if (!connection) return tl::unexpected(connection.error());
    return Borrowable{std::move(socket), std::move(*connection)};
  }

  // In a thread for each worker. One that goes away with a connection takes it along.
  void serve(const Socket& worker) {
    const baton::Seal lent = seal_for(peer_of(worker).pid, "lent", key_ring);
    while (receive_message(worker)) {
      auto borrowed = take();
      if (!borrowed) return warn(borrowed.error().message);
      const auto envelope = baton::serialize(std::move(borrowed->connection), lent);
      if (!envelope || !send_message(worker, *envelope, borrowed->socket)) return warn("not lent");
      const std::optional<Message> back = receive_message(worker);
      if (!back) return;
      auto connection = baton::deserialize(back->bytes, returned, config);
      if (!connection) return warn(connection.error().message);
      const std::lock_guard lock(mutex);
      idle.push_back({std::move(borrowed->socket), std::move(*connection)});
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  need_usage(argc == 6, "broker HOST PORT CA BROKER_SOCKET KEY_RING");
  need(baton::start_library());
  Broker broker{argv[1], argv[2], KeyRingFile(argv[5]), client_config(argv[1], argv[3])};
  const Socket listener = listen_at(argv[4]);
  for (;;) {
    Socket worker = accept_from(listener);
    if (worker) std::thread(&Broker::serve, &broker, std::move(worker)).detach();
  }
}
