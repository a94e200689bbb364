// The handshake messages of a TLS 1.3 connection, for the hash over them (RFC 8446 §4.4.1).
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/kdf.h"

namespace baton::handshake {

class Transcript {
 public:
  // The next message, of either side, with its header.
  void add(ByteView message);

  // The hash of all messages so far.
  [[nodiscard]] Result<Bytes> hash(crypto::HashAlgorithm algorithm) const;

 private:
  Bytes messages_;
  std::size_t first_size_ = 0;  // bytes of the first ClientHello
  bool retried_ = false;        // a HelloRetryRequest answered it
};

}  // namespace baton::handshake
