// A handshake through a key store, as an operation of a stream.
#pragma once

#include "baton/asio/detail/handshake_op.h"
#include "baton/asio/detail/relayed_handshake.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

template <class Layer>
class offload_op {
 public:
  offload_op(std::shared_ptr<stream_core<Layer>> core, std::shared_ptr<link_access> link,
             OffloadRequest request)
      : core_(std::move(core)), link_(std::move(link)), request_(std::move(request)) {}

  template <class Self>
  void operator()(Self& self, error_code /*ec*/ = {}) {
    switch (phase_) {
      case phase::begin:
        return begin(self);
      case phase::running:
        return on_end(self);
      case phase::end:
        return self.complete(result_);
    }
  }

 private:
  enum class phase { begin, running, end };

  template <class Self>
  void begin(Self& self) {
    result_ = obstacle_to_handshake(*core_);
    if (!result_) result_ = run(self.get_executor());
    if (!result_) return wait(self);
    phase_ = phase::end;
    net::post(std::move(self));
  }

  error_code run(net::any_io_executor executor) {
    core_->handshake_failure.reset();
    run_ = std::make_shared<relayed_handshake<Layer>>(core_, link_, std::move(executor));
    const error_code ec = run_->begin(std::move(request_));
    core_->reading = core_->writing = !ec;
    return ec;
  }

  template <class Self>
  void wait(Self& self) {
    phase_ = phase::running;
    net::steady_timer& ended = run_->ended();
    ended.async_wait(std::move(self));
  }

  template <class Self>
  void on_end(Self& self) {
    // Woken before the end: the operation itself was cancelled. Its reads and writes must end before it does.
    if (!run_->has_ended()) run_->stop(net::error::operation_aborted);
    if (!run_->has_ended()) return wait(self);
    core_->reading = core_->writing = false;
    self.complete(run_->result());
  }

  std::shared_ptr<stream_core<Layer>> core_;
  std::shared_ptr<link_access> link_;
  OffloadRequest request_;
  std::shared_ptr<relayed_handshake<Layer>> run_;
  phase phase_ = phase::begin;
  error_code result_;
};

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
