// A tls::Connection on a socket as a Stream.
#pragma once

#include "net/stream.h"
#include "tls/connection.h"

namespace baton::net {

class TlsStream final : public Stream {
 public:
  TlsStream(Socket socket, tls::Connection connection)
      : socket_(std::move(socket)), connection_(std::move(connection)) {}

  // Writes nothing, but an alert at the end: the answer to a KeyUpdate goes out with the next write(), so
  // that reading never waits for the peer to read. A stream that ends without close_notify is an error: it
  // may have been cut by an attacker (RFC 8446 §6.1).
  Task<Result<std::size_t>> read_some(MutableBytes into) override;
  Task<Result<void>> write(ByteView bytes) override;
  // close_notify goes out if the socket takes it at once.
  void close() override;

 private:
  // Sends what the connection has to say. One coroutine at a time: another one finds its bytes sent along.
  Task<Result<void>> flush();

  Socket socket_;
  tls::Connection connection_;
  bool flushing_ = false;
};

}  // namespace baton::net
