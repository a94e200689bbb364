// What the peer has sent: ciphertext that is opened in place, and the plaintext that comes of it.
#pragma once

#include <cstdint>

#include "base/buffer_pool.h"
#include "base/bytes.h"
#include "base/secret.h"

namespace baton::tls {

// Memory: [ read already | plaintext, unread | ciphertext, unopened | room ]. All but the room is wiped
// before it is given back (R6): it was plaintext, on a link even secrets.
class ReceiveBuffer {
 public:
  ReceiveBuffer() = default;
  ReceiveBuffer(ByteView plaintext, ByteView ciphertext);
  ReceiveBuffer(ReceiveBuffer&& other) noexcept;
  ReceiveBuffer& operator=(ReceiveBuffer&& other) noexcept;
  ~ReceiveBuffer() { release(); }

  // Room behind the ciphertext, at least `at_least` bytes; then filled(count). Views of the content end.
  MutableBytes space(std::size_t at_least);
  void filled(std::size_t count);

  ByteView plaintext() const { return view(plaintext_begin_, plaintext_end_); }
  ByteView ciphertext() const { return view(ciphertext_begin_, end_); }
  bool empty() const { return plaintext_begin_ == plaintext_end_ && ciphertext_begin_ == end_; }

  // The first `size` bytes of the ciphertext, to be opened in place.
  MutableBytes record(std::size_t size) { return MutableBytes(memory_).subspan(ciphertext_begin_, size); }
  // It was opened.
  void skip(std::size_t size) { ciphertext_begin_ += size; }
  // `content`, a part of the record that was just skipped, is the plaintext from now on. There must be no
  // other.
  void show(ByteView content);
  void drop_ciphertext() { ciphertext_begin_ = end_; }

  void consume(std::size_t count);

  // Wipes and gives the memory back. The content is gone.
  void release();

 private:
  ByteView view(std::size_t begin, std::size_t end) const {
    return ByteView(memory_).subspan(begin, end - begin);
  }
  void move_to_front(WireBuffer& target);
  void wipe_used() { wipe(MutableBytes(memory_).first(used_)); }

  WireBuffer memory_;
  std::size_t plaintext_begin_ = 0;
  std::size_t plaintext_end_ = 0;
  std::size_t ciphertext_begin_ = 0;
  std::size_t end_ = 0;
  std::size_t used_ = 0;  // bytes from the front that were ever written
};

}  // namespace baton::tls
