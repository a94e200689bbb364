// A Unix socket as a Stream: the kernel vouches for the peer, and nobody else is on the path.
#pragma once

#include "net/stream.h"

namespace baton::net {

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Socket socket) : socket_(std::move(socket)) {}

  Task<Result<std::size_t>> read_some(MutableBytes into) override { return net::read_some(socket_, into); }
  Task<Result<void>> write(ByteView bytes) override { return write_all(socket_, bytes); }
  void close() override;

 private:
  Socket socket_;
};

}  // namespace baton::net
