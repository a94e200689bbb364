#include "handshake/wire_record.h"

#include <algorithm>

namespace baton::handshake {
namespace {

// libssl reads ahead by a record, or by what SSL_CTX_set_default_read_buffer_len() says.
constexpr std::size_t kMaxKept = std::size_t{1} << 20;  // bytes

}  // namespace

void InputRecorder::read(ByteView bytes) noexcept {
  const bool at_boundary = !in_record();
  // With a whole header libssl reads no more before it has announced the record.
  if (at_boundary && kept().size() >= tls::kRecordHeaderSize) lost_ = true;
  try {
    keep(bytes);
  } catch (...) {
    lost_ = true;
  }
  announcement_due_ = at_boundary && kept().size() >= tls::kRecordHeaderSize;
}

void InputRecorder::keep(ByteView bytes) {
  if (in_record()) {
    const std::uint64_t missing = record_end_ - read_;
    if (bytes.size() >= missing) {
      drop(kept().size());
      bytes = bytes.subspan(static_cast<std::size_t>(missing));
      read_ = record_end_;
    }
  }
  read_ += bytes.size();
  if (kept().size() + bytes.size() > kMaxKept) lost_ = true;
  if (lost_) {
    drop(kept().size());
    return;
  }
  append(kept_, bytes);
}

void InputRecorder::begin_record(std::size_t size) {
  announcement_due_ = false;
  record_end_ += size;
  if (!in_record()) drop(std::min(size, kept().size()));
}

void InputRecorder::drop(std::size_t count) {
  front_ += count;
  if (front_ < kept_.size() && front_ < tls::kMaxRecordPlaintext) return;
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(front_));
  front_ = 0;
}

void OutputRecorder::written(ByteView bytes) {
  written_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t size = at_ < tls::kRecordHeaderSize ? tls::kRecordHeaderSize : record_size();
    const std::size_t count = std::min(bytes.size(), size - at_);
    if (at_ < begin_.size()) {
      std::copy_n(bytes.begin(), std::min(count, begin_.size() - at_),
                  begin_.begin() + static_cast<std::ptrdiff_t>(at_));
    }
    at_ += count;
    bytes = bytes.subspan(count);
    if (at_ >= tls::kRecordHeaderSize && at_ == record_size()) end_record();
  }
}

void OutputRecorder::end_record() {
  ByteReader reader(ByteView(begin_).subspan(tls::kRecordHeaderSize));
  last_explicit_nonce_ = reader.u64();
  at_ = 0;
}

}  // namespace baton::handshake
