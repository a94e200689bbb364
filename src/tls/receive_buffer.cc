#include "tls/receive_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace baton::tls {

ReceiveBuffer::ReceiveBuffer(ByteView plaintext, ByteView ciphertext) {
  if (plaintext.empty() && ciphertext.empty()) return;
  memory_.resize(plaintext.size() + ciphertext.size());
  std::ranges::copy(plaintext, memory_.begin());
  std::ranges::copy(ciphertext, memory_.begin() + static_cast<std::ptrdiff_t>(plaintext.size()));
  plaintext_end_ = ciphertext_begin_ = plaintext.size();
  end_ = used_ = memory_.size();
}

ReceiveBuffer::ReceiveBuffer(ReceiveBuffer&& other) noexcept {
  *this = std::move(other);
}

ReceiveBuffer& ReceiveBuffer::operator=(ReceiveBuffer&& other) noexcept {
  if (this == &other) return *this;
  release();
  memory_ = std::exchange(other.memory_, {});
  plaintext_begin_ = std::exchange(other.plaintext_begin_, 0);
  plaintext_end_ = std::exchange(other.plaintext_end_, 0);
  ciphertext_begin_ = std::exchange(other.ciphertext_begin_, 0);
  end_ = std::exchange(other.end_, 0);
  used_ = std::exchange(other.used_, 0);
  return *this;
}

// What is still needed, from its first byte on.
void ReceiveBuffer::move_to_front(WireBuffer& target) {
  const std::size_t front = plaintext_begin_ < plaintext_end_ ? plaintext_begin_ : ciphertext_begin_;
  if (front < end_) std::memmove(target.data(), memory_.data() + front, end_ - front);
  plaintext_end_ -= std::min(plaintext_end_, front);
  plaintext_begin_ -= std::min(plaintext_begin_, front);
  ciphertext_begin_ -= front;
  end_ -= front;
}

MutableBytes ReceiveBuffer::space(std::size_t at_least) {
  if (memory_.size() - end_ < at_least) {
    const std::size_t front = plaintext_begin_ < plaintext_end_ ? plaintext_begin_ : ciphertext_begin_;
    const std::size_t needed = end_ - front + at_least;
    if (needed <= memory_.size()) {
      move_to_front(memory_);
    } else {
      WireBuffer larger;
      larger.resize(needed);
      move_to_front(larger);
      wipe_used();
      memory_ = std::move(larger);
      used_ = end_;
    }
  }
  return MutableBytes(memory_).subspan(end_);
}

void ReceiveBuffer::filled(std::size_t count) {
  end_ += std::min(count, memory_.size() - end_);
  used_ = std::max(used_, end_);
}

void ReceiveBuffer::show(ByteView content) {
  plaintext_begin_ = static_cast<std::size_t>(content.data() - memory_.data());
  plaintext_end_ = plaintext_begin_ + content.size();
}

void ReceiveBuffer::consume(std::size_t count) {
  plaintext_begin_ += std::min(count, plaintext_end_ - plaintext_begin_);
  if (!empty()) return;
  // From the front again: what is written next stays in the cache.
  plaintext_begin_ = plaintext_end_ = ciphertext_begin_ = end_ = 0;
}

void ReceiveBuffer::release() {
  if (memory_.empty()) return;
  wipe_used();
  memory_ = WireBuffer();  // {} would keep the memory
  plaintext_begin_ = plaintext_end_ = ciphertext_begin_ = end_ = used_ = 0;
}

}  // namespace baton::tls
