// Bytes on their way to the peer, wiped as they leave (R6).
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/secret.h"

namespace baton::offload {

class OutputQueue {
 public:
  // What is still to be sent. Valid until the next call of anything else here.
  ByteView view() const { return ByteView{buffer_}.subspan(sent_); }
  std::size_t size() const { return buffer_.size() - sent_; }

  // Takes `count` bytes, at most size(), off the front.
  void sent(std::size_t count);

  // To append to. Nothing may be taken out of it.
  SecretBuffer& buffer() { return buffer_; }

 private:
  SecretBuffer buffer_;
  std::size_t sent_ = 0;
};

}  // namespace baton::offload
