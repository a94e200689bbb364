// The data that the long streams carry.
#pragma once

#include <gtest/gtest.h>

#include <cstring>

#include "base/bytes.h"

namespace baton::test {

// An endless stream of bytes that a seed gives, so that the reading end can make it too and compare.
// go_peer/main.go has the same one.
class ByteStream {
 public:
  explicit ByteStream(std::uint64_t seed) : seed_(seed) {}

  Bytes next(std::size_t size) {
    Bytes bytes(size);
    for (auto& byte : bytes) {
      if (position_ % 8 == 0) word_ = word_at(position_ / 8);
      byte = static_cast<std::uint8_t>(word_ >> 8 * (position_ % 8));
      ++position_;
    }
    return bytes;
  }

  // Bytes taken so far.
  std::uint64_t position() const { return position_; }

 private:
  // SplitMix64, by number instead of by step. Nothing repeats within a test, so no lost or repeated piece can
  // look right.
  std::uint64_t word_at(std::uint64_t number) const {
    std::uint64_t word = seed_ + (number + 1) * 0x9E3779B97F4A7C15U;
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9U;
    word = (word ^ word >> 27) * 0x94D049BB133111EBU;
    return word ^ word >> 31;
  }

  std::uint64_t seed_;
  std::uint64_t position_ = 0;
  std::uint64_t word_ = 0;
};

// The reading end: every byte once and in order (R2).
class StreamCheck {
 public:
  explicit StreamCheck(std::uint64_t seed) : expected_(seed) {}

  void read(ByteView bytes) {
    if (bytes.empty()) return;
    const std::uint64_t from = expected_.position();
    const Bytes expected = expected_.next(bytes.size());
    ASSERT_EQ(std::memcmp(bytes.data(), expected.data(), bytes.size()), 0)
        << "a byte was lost, repeated or changed among the " << bytes.size() << " from number " << from;
  }

  // Bytes read so far.
  std::uint64_t count() const { return expected_.position(); }

 private:
  ByteStream expected_;
};

}  // namespace baton::test
