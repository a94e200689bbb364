// An authenticated byte stream: what a link runs on.
#pragma once

#include "net/socket.h"

namespace baton::net {

// One coroutine may read while another writes. Not for several threads.
class Stream {
 public:
  virtual ~Stream() = default;

  // At least one byte of plaintext, or 0 at the orderly end.
  virtual Task<Result<std::size_t>> read_some(MutableBytes into) = 0;
  // All of `bytes`, in order with earlier calls.
  virtual Task<Result<void>> write(ByteView bytes) = 0;
  // Ends the stream in an orderly way as far as that needs no waiting; pending reads and writes end.
  virtual void close() = 0;
};

}  // namespace baton::net
