// A handshake with the stream's own configuration.
#pragma once

#include "baton/asio/detail/operation_end.h"
#include "baton/asio/detail/stream_core.h"
#include "baton/handshake.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

// Why no handshake can begin.
template <class Layer>
error_code obstacle_to_handshake(const stream_core<Layer>& core) {
  if (!core.idle()) return net::error::in_progress;
  if (core.connection) return net::error::already_connected;
  if (!core.config) return make_error_code(ErrorCode::invalid_argument);
  return {};
}

// The result of a handshake that does not need bytes any more. What it has still to say, its alert aside, is
// in the connection's output.
template <class Layer>
error_code finish_handshake(stream_core<Layer>& core, Handshake handshake, HandshakeStep step) {
  if (step == HandshakeStep::failed) {
    core.handshake_failure = handshake.failure();
    return make_error_code(*core.handshake_failure);
  }
  auto connection = std::move(handshake).connection();
  if (!connection) return make_error_code(connection.error().code);
  core.connection.emplace(std::move(*connection));
  return {};
}

template <class Layer>
class handshake_op : stream_operation<Layer> {
 public:
  explicit handshake_op(std::shared_ptr<stream_core<Layer>> core)
      : stream_operation<Layer>(std::move(core)) {}

  template <class Self>
  void operator()(Self& self, error_code ec = {}, std::size_t count = 0) {
    switch (phase_) {
      case phase::begin:
        return begin(self);
      case phase::sending:
        return on_sent(self, ec, count);
      case phase::reading:
        return on_bytes(self, ec, count);
      case phase::sending_last:
        return on_last_sent(self, ec, count);
      case phase::end:
        return end(self);
    }
  }

 private:
  enum class phase { begin, sending, reading, sending_last, end };

  template <class Self>
  void begin(Self& self) {
    auto& core = this->core();
    result_ = obstacle_to_handshake(core);
    if (result_) return end(self);
    auto handshake = Handshake::start(*core.config);
    if (!handshake) {
      result_ = make_error_code(handshake.error().code);
      return end(self);
    }
    runs_ = core.reading = core.writing = true;
    core.handshake_failure.reset();
    handshake_.emplace(std::move(*handshake));
    advance(self, {});
  }

  template <class Self>
  void advance(Self& self, ByteView bytes) {
    step_ = handshake_->advance(bytes);
    if (step_ == HandshakeStep::complete) {
      result_ = finish_handshake(this->core(), std::move(*handshake_), step_);
      if (result_ || !this->send_output(self, phase_, phase::sending_last)) end(self);
      return;
    }
    to_send_ = handshake_->take_output();
    sent_ = 0;
    go_on(self);
  }

  template <class Self>
  void go_on(Self& self) {
    if (was_cancelled(self)) return fail(self, net::error::operation_aborted);
    if (sent_ < to_send_.size()) return send(self);
    if (step_ == HandshakeStep::need_bytes) return read(self);
    result_ = finish_handshake(this->core(), std::move(*handshake_), step_);
    end(self);
  }

  template <class Self>
  void send(Self& self) {
    phase_ = phase::sending;
    const auto buffer = net::buffer(std::as_const(to_send_)) + sent_;
    this->next().async_write_some(buffer, std::move(self));
  }

  template <class Self>
  void read(Self& self) {
    phase_ = phase::reading;
    received_.resize(kHandshakeReadSize);
    const auto buffer = net::buffer(received_);
    this->next().async_read_some(buffer, std::move(self));
  }

  template <class Self>
  void on_sent(Self& self, const error_code& said, std::size_t count) {
    if (const error_code ec = this->check(said)) return fail(self, ec);
    sent_ += count;
    go_on(self);
  }

  template <class Self>
  void on_bytes(Self& self, const error_code& said, std::size_t count) {
    if (const error_code ec = this->check(said)) return fail(self, ec);
    advance(self, ByteView(received_).first(count));
  }

  template <class Self>
  void on_last_sent(Self& self, const error_code& said, std::size_t count) {
    if (const error_code ec = this->check_sent(said, count)) return fail(self, ec);
    if (!this->send_output(self, phase_, phase_)) end(self);
  }

  template <class Self>
  void fail(Self& self, const error_code& ec) {
    if (step_ == HandshakeStep::failed) {  // that counts, not whether the peer could be told
      result_ = finish_handshake(this->core(), std::move(*handshake_), step_);
    } else {
      result_ = ec == net::error::eof ? error_code(error::stream_truncated) : ec;
    }
    end(self);
  }

  template <class Self>
  void end(Self& self) {
    if (this->ends_later(self, phase_)) return;
    if (runs_) this->core().reading = this->core().writing = false;
    handshake_.reset();
    to_send_ = received_ = Bytes();
    this->free_piece();
    self.complete(result_);
  }

  phase phase_ = phase::begin;
  bool runs_ = false;  // it is the stream's handshake
  std::optional<Handshake> handshake_;
  HandshakeStep step_ = HandshakeStep::need_bytes;
  Bytes to_send_;
  std::size_t sent_ = 0;  // of to_send_
  Bytes received_;
  error_code result_;
};

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
