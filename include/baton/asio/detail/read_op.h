// Reads some plaintext.
#pragma once

#include "baton/asio/detail/operation_end.h"
#include "baton/asio/detail/stream_core.h"
#include "baton/asio/detail/take_plaintext.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

template <class Layer, class MutableBuffers>
class read_op : stream_operation<Layer> {
 public:
  read_op(std::shared_ptr<stream_core<Layer>> core, const MutableBuffers& buffers)
      : stream_operation<Layer>(std::move(core)), buffers_(buffers) {}

  template <class Self>
  void operator()(Self& self, error_code ec = {}, std::size_t count = 0) {
    switch (phase_) {
      case phase::begin:
        return begin(self);
      case phase::reading:
        return on_bytes(self, ec, count);
      case phase::sending_alert:
        return on_sent(self, ec, count);
      case phase::end:
        return end(self);
    }
  }

 private:
  enum class phase { begin, reading, sending_alert, end };

  template <class Self>
  void begin(Self& self) {
    allow_total_cancellation(self);
    auto& core = this->core();
    if (core.reading || !core.connection) {
      taken_.ec = core.reading ? net::error::in_progress : net::error::not_connected;
      return end(self);
    }
    reads_ = core.reading = true;
    if (net::buffer_size(buffers_) == 0) return end(self);
    taken_ = take_plaintext(this->connection(), buffers_);
    if (taken_.needs_bytes) return read_more(self);
    if (!send_alert(self)) end(self);
  }

  template <class Self>
  void read_more(Self& self) {
    phase_ = phase::reading;
    const MutableBytes space = this->connection().receive_space(kReadSize);
    this->next().async_read_some(net::buffer(space.data(), space.size()), std::move(self));
  }

  template <class Self>
  void on_bytes(Self& self, const error_code& said, std::size_t count) {
    const error_code ec = this->check(said);
    this->connection().received(ec ? 0 : count);
    if (ec) {
      taken_.ec = ec == net::error::eof ? error_code(error::stream_truncated) : ec;
      return end(self);
    }
    taken_ = take_plaintext(this->connection(), buffers_);
    if (taken_.needs_bytes && was_cancelled(self)) {
      taken_.ec = net::error::operation_aborted;
      return end(self);
    }
    if (taken_.needs_bytes) return read_more(self);
    if (!send_alert(self)) end(self);
  }

  // Our own alert, after a failure. A writer that is at work sends it along.
  template <class Self>
  bool send_alert(Self& self) {
    auto& core = this->core();
    if (!core.failure() || taken_.count > 0 || core.writing) return false;
    core.writing = !this->connection().output().empty();
    return this->send_output(self, phase_, phase::sending_alert);
  }

  template <class Self>
  void on_sent(Self& self, const error_code& said, std::size_t count) {
    const error_code ec = this->check_sent(said, count);
    if (!ec && !was_cancelled(self) && this->send_output(self, phase_, phase::sending_alert)) return;
    this->core().writing = false;
    end(self);  // the failure counts, not whether the peer could be told
  }

  template <class Self>
  void end(Self& self) {
    if (this->ends_later(self, phase_)) return;
    if (reads_) this->core().reading = false;
    this->free_piece();
    self.complete(taken_.ec, taken_.count);
  }

  MutableBuffers buffers_;
  phase phase_ = phase::begin;
  bool reads_ = false;  // it is the stream's reader
  taken_plaintext taken_;
};

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
