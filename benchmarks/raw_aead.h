// The measurement of a cipher alone; each library brings seal_once() and open_once().
#pragma once

#include "record_subject.h"
#include "require.h"
#include "stopwatch.h"

namespace baton::bench {

inline constexpr std::size_t kHeader = 5;  // bytes: the additional data of TLS 1.3
inline constexpr std::size_t kTag = 16;

struct RawRecord {
  std::uint64_t sequence;
  const std::uint8_t* header;
  std::uint8_t* text;  // in place
  std::size_t size;    // the content type included
  std::uint8_t* tag;
};

// `Cipher` is made of a key and has seal_once(RawRecord), and open_once(RawRecord), which verifies the tag.
template <class Cipher>
class RawAead final : public RecordSubject {
 public:
  explicit RawAead(ByteView key) : cipher_(key) {}

  double seal(ByteView plaintext, unsigned count) override {
    prepare(plaintext.size(), 1);
    const Stopwatch watch;
    for (unsigned i = 0; i < count; ++i) {
      RawRecord record = at(0);
      record.sequence = sequence_++;
      cipher_.seal_once(record);
    }
    return watch.seconds();
  }

  double open(ByteView plaintext, unsigned count) override {
    prepare(plaintext.size(), count);
    for (unsigned i = 0; i < count; ++i) cipher_.seal_once(at(i));
    bool opened = true;
    const Stopwatch watch;
    for (unsigned i = 0; i < count; ++i) opened &= cipher_.open_once(at(i));
    const double seconds = watch.seconds();
    require(opened, "the cipher alone did not open all");
    return seconds;
  }

 private:
  void prepare(std::size_t size, unsigned count) {
    size_ = size + 1;
    records_.resize(count * (kHeader + size_ + kTag));
  }
  RawRecord at(std::size_t index) {
    std::uint8_t* record = records_.data() + index * (kHeader + size_ + kTag);
    return {index, record, record + kHeader, size_, record + kHeader + size_};
  }

  Cipher cipher_;
  Bytes records_;
  std::size_t size_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace baton::bench
