// The other end of a long stream: a TLS library that is not Baton.
#pragma once

#include <memory>
#include <optional>

#include "handshake/peers.h"
#include "tls/connection.h"

namespace baton::test {

struct PeerSetup {
  tls::Role role;  // the peer's
  const tls::CipherSuite* suite;
  KeyType key;                   // of the server's certificate
  std::uint64_t sending_seed;    // of the ByteStream that the peer sends
  std::uint64_t receiving_seed;  // of the one that it must receive
};

// Fails the running test when its library reports an error or when what it receives is not the stream
// expected.
class StreamPeer {
 public:
  StreamPeer() = default;
  StreamPeer(const StreamPeer&) = delete;
  StreamPeer& operator=(const StreamPeer&) = delete;
  virtual ~StreamPeer() = default;

  // Begins the handshake.
  virtual void start() = 0;
  // Wire bytes from Baton, in any cutting.
  virtual void receive(ByteView wire) = 0;
  // Wire bytes for Baton that are there now.
  virtual Bytes take_output() = 0;
  // The same, but a peer that works on its own is waited for. Empty: nothing will come without a receive().
  virtual Bytes wait_for_output() { return take_output(); }

  // Sends the next `size` bytes of its stream, 1 to kMaxRecordPlaintext, as one record.
  virtual void write(std::size_t size) = 0;
  // Sends a record without data. Does nothing where the library cannot. Only right behind write(): GnuTLS
  // fails when it owes a KeyUpdate.
  virtual void write_empty_record() {}
  // Sends a KeyUpdate. Does nothing where the library cannot.
  virtual void update_keys(tls::KeyUpdateRequest /*request*/) {}
  // Whether a request of Baton that crosses one of its own is an error to it, against RFC 8446 §4.6.3.
  virtual bool refuses_crossing_requests() const { return false; }
  // Sends close_notify; it goes on reading.
  virtual void close_write() = 0;

  // How many bytes had come when Baton's close_notify did; absent when it has not come.
  virtual std::optional<std::uint64_t> received_until_close() = 0;
};

// They check Baton's certificate, or present one that a Baton client of make_client() takes.
std::unique_ptr<StreamPeer> make_openssl_peer(const PeerSetup& setup);
std::unique_ptr<StreamPeer> make_gnutls_peer(const PeerSetup& setup);
std::unique_ptr<StreamPeer> make_go_peer(const PeerSetup& setup);

}  // namespace baton::test
