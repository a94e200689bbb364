// A program that uses libssl as programs do, and knows nothing of Baton.
#pragma once

#include <openssl/ssl.h>

#include <functional>

#include "longstream/byte_stream.h"
#include "longstream/stream_peer.h"

namespace baton::test {

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, ContextDeleter>;
using SslHolder = std::unique_ptr<SSL, SslDeleter>;
using BioHolder = std::unique_ptr<BIO, BioDeleter>;

// A context that talks that suite alone, with a certificate for kName where it is a server's.
ContextPtr make_context(Role role, const tls::CipherSuite& suite);

// Over memory BIOs. `peer` is what the other end was set up with.
class StockProgram {
 public:
  // `context` is taken as it is; the program shares it.
  StockProgram(SSL_CTX* context, const PeerSetup& peer);

  SSL* ssl() { return ssl_.get(); }
  void free_ssl() { ssl_.reset(); }

  // Bytes of the peer that have come, and bytes for the peer.
  void receive(ByteView wire);
  Bytes take_output(std::size_t most = SIZE_MAX);
  std::size_t output_size() { return BIO_ctrl_pending(out_.get()); }
  std::size_t input_size() { return BIO_ctrl_pending(in_.get()); }

  // One step of the handshake. True when it is complete.
  bool shake_hands();
  // One SSL_read(): how many bytes it gave; 0: nothing to read.
  std::size_t read(std::size_t most);
  void read_all();
  void write(std::size_t size);
  void update_keys(tls::KeyUpdateRequest request);
  void send_ticket();
  void close_write();

  // What was sent and received so far.
  const ByteStream& sent() const { return sends_; }
  const StreamCheck& received() const { return receives_; }

 private:
  SslHolder ssl_;
  BioHolder in_;   // the SSL has it, too
  BioHolder out_;  // the SSL has it, too
  ByteStream sends_;
  StreamCheck receives_;
};

}  // namespace baton::test
