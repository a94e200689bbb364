// What passes between an SSL and its BIOs, as far as an adoption needs it.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "tls/limits.h"

namespace baton::handshake {

// What libssl has read from its BIO and not processed. libssl announces a record when it has read its header
// and before it has read the rest, so the bytes of a record that is here in part are kept, and those behind
// it (read-ahead).
class InputRecorder {
 public:
  // libssl has read them.
  void read(ByteView bytes) noexcept;
  // libssl has begun the next record: `size` bytes with its header.
  void begin_record(std::size_t size);

  // Whether the record that was begun last is here in part only.
  bool in_record() const { return read_ < record_end_; }
  // That record, or else the bytes behind it.
  ByteView kept() const { return ByteView(kept_).subspan(front_); }
  // libssl has read a header, or much more, and announced nothing: nobody tells us of its records any more.
  // Or there was no memory.
  bool lost() const { return lost_ || announcement_due_; }

 private:
  void keep(ByteView bytes);
  void drop(std::size_t count);

  std::uint64_t read_ = 0;        // bytes
  std::uint64_t record_end_ = 0;  // of the record that was begun last
  Bytes kept_;
  std::size_t front_ = 0;          // bytes of kept_ that were dropped
  bool announcement_due_ = false;  // libssl announces a record before it returns from reading its header
  bool lost_ = false;
};

// What libssl has written.
class OutputRecorder {
 public:
  // The BIO has taken them.
  void written(ByteView bytes);
  // libssl has sealed a record of `size` bytes with its header.
  void sealed(std::size_t size) { sealed_ += size; }

  // Whether the BIO has taken all that was sealed, and nothing else.
  bool complete() const { return sealed_ == written_; }
  // The first eight payload bytes of the last record: with TLS 1.2's AES-GCM, its explicit nonce (RFC 5288
  // §3).
  std::uint64_t last_explicit_nonce() const { return last_explicit_nonce_; }

 private:
  std::size_t record_size() const {
    return tls::kRecordHeaderSize + static_cast<std::size_t>(begin_[3] << 8 | begin_[4]);
  }
  void end_record();

  std::uint64_t sealed_ = 0;                                      // bytes
  std::uint64_t written_ = 0;                                     // bytes
  std::array<std::uint8_t, tls::kRecordHeaderSize + 8> begin_{};  // of the record under way
  std::size_t at_ = 0;                                            // bytes of it that were written
  std::uint64_t last_explicit_nonce_ = 0;
};

// Shared by an SSL's two recording BIOs and by its observer, each of which may be the last to go.
struct WireRecord {
  InputRecorder input;
  OutputRecorder output;
  bool silent = false;  // nothing passes any more
};

}  // namespace baton::handshake
