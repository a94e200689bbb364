// What another library reads from and writes into where it would have a socket.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"

namespace baton::bench {

class Pipe {
 public:
  // From now on, what the library writes is dropped without a copy: to carry it away is the kernel's work.
  void drop_output() { drops_ = true; }
  void write(ByteView bytes);
  Bytes take_output();

  // What the library reads next. Everything before must have been read.
  void set_input(Bytes bytes);
  // At most `room.size()` bytes; nothing when there are none.
  std::optional<std::size_t> read(MutableBytes room);

  // How long it takes to copy the input once more, in the same pieces. Copying it into the library's buffer
  // is the kernel's work too, and so it is deducted.
  double seconds_of_copies();

  // Gives the memory back.
  void release() { *this = Pipe(); }

 private:
  bool drops_ = false;
  Bytes output_;
  Bytes input_;
  std::size_t input_read_ = 0;
  std::vector<std::size_t> reads_;  // bytes of each
};

}  // namespace baton::bench
