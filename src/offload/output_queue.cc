#include "offload/output_queue.h"

#include <algorithm>

namespace baton::offload {
namespace {

// Memory that an idle link may keep, and the least that is worth moving the rest to the front for; bytes.
constexpr std::size_t kSpareMemory = 65536;

}  // namespace

void OutputQueue::sent(std::size_t count) {
  count = std::min(count, size());
  wipe(MutableBytes{buffer_}.subspan(sent_, count));
  sent_ += count;
  if (sent_ == buffer_.size() && buffer_.capacity() <= kSpareMemory) {
    buffer_.clear();
    sent_ = 0;
  } else if (sent_ > kSpareMemory && sent_ >= buffer_.size() / 2) {
    buffer_ = SecretBuffer(buffer_.begin() + static_cast<std::ptrdiff_t>(sent_), buffer_.end());
    sent_ = 0;
  }
}

}  // namespace baton::offload
