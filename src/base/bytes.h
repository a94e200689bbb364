// The big-endian reader and writer that every format in Baton is built on.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "baton/bytes.h"

namespace baton {

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Appends bytes to a vector of bytes with any allocator.
template <class Container>
void append(Container& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// Lower-case hexadecimal, for logs and documents. Never call it on a secret.
std::string to_hex(ByteView bytes);

// Reads big-endian values from a view that it does not own.
//
// Failure is sticky: the first read past the end makes this and every later read return zero or an empty
// view, and `ok()` false. So a decoder reads all of its fields in a straight line and asks once.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(integer(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() { return integer(8); }

  // The next `count` bytes, as a view into the input.
  ByteView bytes(std::size_t count) {
    if (!ok_ || count > rest_.size()) {
      ok_ = false;
      return {};
    }
    ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  // Everything that is left.
  ByteView remaining() { return bytes(ok_ ? rest_.size() : 0); }

  std::size_t left() const { return ok_ ? rest_.size() : 0; }
  bool ok() const { return ok_; }
  // True when every read succeeded and nothing is left over.
  bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::uint64_t integer(std::size_t size) {
    std::uint64_t value = 0;
    for (std::uint8_t byte : bytes(size)) value = value << 8 | byte;
    return value;
  }

  ByteView rest_;
  bool ok_ = true;
};

// Appends big-endian values to a container of bytes (`Bytes` or `SecretBuffer`) that it does not own.
template <class Container>
class ByteWriter {
 public:
  explicit ByteWriter(Container& out) : out_(out) {}

  void u8(std::uint8_t value) { integer(value, 1); }
  void u16(std::uint16_t value) { integer(value, 2); }
  void u24(std::uint32_t value) { integer(value, 3); }
  void u32(std::uint32_t value) { integer(value, 4); }
  void u64(std::uint64_t value) { integer(value, 8); }
  void bytes(ByteView value) { append(out_, value); }

 private:
  void integer(std::uint64_t value, std::size_t size) {
    std::array<std::uint8_t, sizeof value> bytes;
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
    }
    out_.insert(out_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  }

  Container& out_;
};

}  // namespace baton
