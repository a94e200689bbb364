// One long conversation of Baton with another TLS library, everything in it at random.
#pragma once

#include <random>

#include "byte_stream.h"
#include "stream_peer.h"

namespace baton::test {

// Shakes hands and gives the connection that comes of it. A failed handshake fails the test and gives
// nothing.
std::optional<tls::Connection> shake_hands(BatonPeer baton, StreamPeer& peer);

// Sends and receives the given number of records, while the connection is transferred and its keys are
// updated, then closes both ways.
class LongStream {
 public:
  LongStream(tls::Connection connection, StreamPeer& peer, const PeerSetup& setup, std::uint64_t records,
             std::mt19937_64& random);

  // Stops at the first failure.
  void run();

 private:
  // Each does one thing of a random extent.
  void step();
  void write();
  void let_peer_write();
  void deliver_to_peer();
  void deliver_to_baton();
  void read();
  void transfer_connection();
  void update_keys();
  void let_peer_update_keys();

  void seal_and_count(std::size_t size);
  void send_output(std::size_t count);
  void feed(std::size_t count);
  // Takes all that is there. True when the peer has closed.
  bool read_all();
  // Until the peer's data that is under way is little, or, with 0, none.
  void catch_up(std::uint64_t under_way);
  // Takes what the peer says next.
  void await_peer();
  void read_until_closed();
  void close_first();
  void close_second();
  void finish();
  void expect_that_much_happened() const;

  bool one_in(std::uint64_t chances) { return random_() % chances == 0; }
  std::size_t up_to(std::size_t most) { return random_() % (most + 1); }
  std::size_t record_size();
  std::size_t piece_of(std::size_t all);

  tls::Connection connection_;
  StreamPeer& peer_;
  std::mt19937_64& random_;
  ByteStream sends_;
  StreamCheck receives_;
  bool baton_asks_;              // the peer to update its key, too
  bool peer_asks_;               // Baton to do so
  Bytes wire_;                   // from the peer, not fed yet
  std::uint64_t peer_sent_ = 0;  // bytes of data
  std::uint64_t records_;
  std::uint64_t to_send_;     // records
  std::uint64_t to_receive_;  // records
  std::uint64_t transfers_ = 0;
  std::uint64_t key_updates_ = 0;
};

}  // namespace baton::test
