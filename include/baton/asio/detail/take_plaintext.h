// From the records of a connection into a reader's buffers.
#pragma once

#include <optional>

#include "baton/asio/error.h"
#include "baton/connection.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

// Fills a buffer sequence from its front.
template <class MutableBuffers>
class buffer_filler {
 public:
  explicit buffer_filler(const MutableBuffers& buffers)
      : next_(net::buffer_sequence_begin(buffers)), end_(net::buffer_sequence_end(buffers)) {
    skip_full();
  }

  bool full() const { return next_ == end_; }

  // Copies what fits; how much that was.
  std::size_t fill(ByteView bytes) {
    std::size_t total = 0;
    while (!full() && total < bytes.size()) {
      const std::size_t count = net::buffer_copy(net::mutable_buffer(*next_) + used_,
                                                 net::buffer(bytes.data() + total, bytes.size() - total));
      used_ += count;
      total += count;
      skip_full();
    }
    return total;
  }

 private:
  using iterator = decltype(net::buffer_sequence_begin(std::declval<const MutableBuffers&>()));

  void skip_full() {
    while (next_ != end_ && used_ == net::mutable_buffer(*next_).size()) {
      ++next_;
      used_ = 0;
    }
  }

  iterator next_;
  iterator end_;
  std::size_t used_ = 0;
};

struct taken_plaintext {
  std::size_t count = 0;
  error_code ec;             // why there will be no more; only with count 0
  bool needs_bytes = false;  // nothing is there before the peer sends more; only with count 0
};

// Takes plaintext that has come, of several records when it fits. What ends the stream is told by the call
// that finds nothing in front of it.
template <class MutableBuffers>
taken_plaintext take_plaintext(Connection& connection, const MutableBuffers& buffers) {
  taken_plaintext taken;
  buffer_filler<MutableBuffers> filler(buffers);
  while (!filler.full()) {
    const Event event = connection.next();
    if (const auto* data = std::get_if<ApplicationData>(&event)) {
      const std::size_t count = filler.fill(data->bytes);
      connection.consume(count);
      taken.count += count;
      continue;
    }
    if (taken.count > 0) break;
    if (const auto* failure = std::get_if<Failure>(&event)) {
      taken.ec = make_error_code(*failure);
    } else if (std::holds_alternative<PeerClosed>(event)) {
      taken.ec = net::error::eof;
    } else {
      taken.needs_bytes = true;
    }
    break;
  }
  return taken;
}

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
