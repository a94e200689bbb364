// A Baton connection in conversation with a TLS library that is not Baton.
#pragma once

#include <optional>
#include <random>

#include "baton/connection.h"
#include "baton/handshake.h"
#include "baton/serialize.h"
#include "longstream/byte_stream.h"
#include "longstream/stream_peer.h"
#include "settings.h"

namespace baton::test {

enum class Form { unprotected, sealed };

// What happens as the handshake ends.
enum class HandshakeEnd {
  delivered,         // all that Baton says is delivered
  output_left,       // Baton's last words move into its connection
  data_right_behind  // the peer's last words and its first data come in one piece
};

// How the two ends are configured.
struct Parties {
  Role role;  // Baton's
  const tls::CipherSuite* suite;
  std::unique_ptr<StreamPeer> (*make_peer)(const PeerSetup&);
  bool rekey = false;  // before each handover
};

// Both ends send streams that a seed gives, and both check what comes. Failures fail the running test; after
// one, nothing here is worth going on with.
class Conversation {
 public:
  Conversation(const Parties& parties, std::mt19937_64& random);

  void shake_hands(HandshakeEnd end = HandshakeEnd::delivered);
  // Or Baton goes on with what another library has begun: what it has sent and received so far.
  void take_over(Connection connection, ByteStream sent, StreamCheck received);

  Connection& connection() { return *connection_; }
  const tls::CipherSuite& suite() const { return *parties_.suite; }
  Role role() const { return parties_.role; }
  bool rekeys() const { return parties_.rekey; }
  StreamPeer& peer() { return *peer_; }
  const PeerSetup& setup() const { return setup_; }
  // Bytes of a record of Baton's that holds that much data.
  std::size_t record_size(std::size_t data) const;
  // Bytes of the peer's data that came with the end of the handshake, encrypted.
  std::size_t behind_handshake() const { return behind_handshake_; }

  // Baton seals the next bytes of its stream.
  void write(std::size_t size);
  // The peer does, as one record, or as several of at most the size of a record.
  void let_peer_write(std::size_t size);
  void close_write();
  void let_peer_close();

  // `count` bytes of Baton's output.
  void deliver(std::size_t count);
  void deliver_all() { deliver(connection().output().size()); }
  // The peer's bytes that are under way.
  const Bytes& wire();
  Bytes take_wire(std::size_t count);
  void feed(std::size_t count);
  void feed_all() { feed(wire().size()); }
  // Takes what one call of next() gives, at most `most` bytes of it.
  std::size_t read_some(std::size_t most);
  void read_all();
  // Delivers everything both ways until nobody says anything more.
  void settle();

  // At least `bytes` each way that is open, cut at random; then all has come.
  void exchange(std::size_t bytes);
  // Serializes the connection and goes on with what comes back.
  void hand_over(Form form);
  // Both ends close, in an order of their own, and every byte has come.
  void close();

 private:
  void advance_to_the_end(Handshake& handshake, HandshakeEnd end);
  std::size_t any_part_of(std::size_t all) { return random_() % 2 == 0 ? all : random_() % (all + 1); }
  void expect_closed();

  Parties parties_;
  std::mt19937_64& random_;
  PeerSetup setup_;
  std::unique_ptr<StreamPeer> peer_;
  Config config_;
  Config continuing_;
  ByteStream sends_;
  StreamCheck receives_;
  std::optional<Connection> connection_;
  Bytes wire_;
  std::uint64_t peer_sent_ = 0;  // bytes of data
  std::size_t behind_handshake_ = 0;
  bool peer_waits_ = false;  // for the end of the handshake
  bool write_closed_ = false;
  bool peer_closed_ = false;
  bool saw_close_ = false;
};

}  // namespace baton::test
