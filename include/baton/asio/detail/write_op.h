// Seals some plaintext and sends it; and what only sends: flushing and close_notify.
#pragma once

#include "baton/asio/detail/operation_end.h"
#include "baton/asio/detail/seal_buffers.h"
#include "baton/asio/detail/stream_core.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

// What a sender puts behind the output that there is already. Gives what its operation's result is made of.
template <class ConstBuffers>
struct seal_these {
  ConstBuffers buffers;

  bool is_empty() const { return net::buffer_size(buffers) == 0; }
  sealed_plaintext operator()(Connection& connection) const { return seal_buffers(connection, buffers); }
};

struct seal_nothing {
  bool is_empty() const { return false; }
  sealed_plaintext operator()(Connection& /*connection*/) const { return {}; }
};

struct seal_close_notify {
  bool is_empty() const { return false; }
  sealed_plaintext operator()(Connection& connection) const {
    auto closed = connection.close_write();
    if (closed) return {};
    return {0, write_error(connection, closed.error())};
  }
};

// Why nothing can be written.
template <class Layer>
error_code obstacle_to_writing(const stream_core<Layer>& core) {
  if (!core.connection) return net::error::not_connected;
  if (core.failure()) return make_error_code(*core.failure());
  if (core.writing) return net::error::in_progress;
  return {};
}

template <class Layer, class Source>
class write_op : stream_operation<Layer> {
 public:
  write_op(std::shared_ptr<stream_core<Layer>> core, Source source)
      : stream_operation<Layer>(std::move(core)), source_(std::move(source)) {}

  template <class Self>
  void operator()(Self& self, error_code ec = {}, std::size_t count = 0) {
    switch (phase_) {
      case phase::begin:
        return begin(self);
      case phase::sending_left_over:
      case phase::sending:
        return on_sent(self, ec, count);
      case phase::end:
        return end(self);
    }
  }

 private:
  enum class phase { begin, sending_left_over, sending, end };

  template <class Self>
  void begin(Self& self) {
    allow_partial_cancellation(self);
    auto& core = this->core();
    sealed_.ec = obstacle_to_writing(core);
    if (sealed_.ec || source_.is_empty()) return end(self);
    writes_ = core.writing = true;
    const bool left_over = this->connection().output().size() > kMaxLeftOver;
    if (left_over && this->send_output(self, phase_, phase::sending_left_over)) return;
    if (!seal_and_send(self)) end(self);
  }

  template <class Self>
  bool seal_and_send(Self& self) {
    sealed_ = source_(this->connection());
    return this->send_output(self, phase_, phase::sending);
  }

  template <class Self>
  void on_sent(Self& self, const error_code& said, std::size_t count) {
    error_code ec = this->check_sent(said, count);
    if (!ec && was_cancelled(self)) ec = net::error::operation_aborted;
    if (ec) {
      sealed_.ec = ec;
      return end(self);
    }
    if (this->send_output(self, phase_, phase_)) return;
    if (phase_ == phase::sending_left_over && seal_and_send(self)) return;
    end(self);
  }

  template <class Self>
  void end(Self& self) {
    if (this->ends_later(self, phase_)) return;
    if (writes_) this->core().writing = false;
    this->free_piece();
    complete(self);
  }

  template <class Self>
  void complete(Self& self) {
    if constexpr (requires { source_.buffers; }) {
      self.complete(sealed_.ec, sealed_.count);
    } else {
      self.complete(sealed_.ec);
    }
  }

  Source source_;
  phase phase_ = phase::begin;
  bool writes_ = false;  // it is the stream's writer
  sealed_plaintext sealed_;
};

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
