// The operations of a link to a key store.
#pragma once

#include "baton/asio/detail/link_runner.h"
#include "baton/asio/detail/operation_end.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

template <class Layer>
class link_run_op {
 public:
  explicit link_run_op(std::shared_ptr<link_runner<Layer>> runner) : runner_(std::move(runner)) {}

  template <class Self>
  void operator()(Self& self) {
    if (began_) return self.complete(result_);  // it never ran
    began_ = true;
    if (runner_->start()) return read(self);
    result_ = runner_->has_ended() ? runner_->result() : error_code(net::error::in_progress);
    net::post(std::move(self));
  }

  template <class Self>
  void operator()(Self& self, const error_code& ec, std::size_t count) {
    const bool cancelled = !ec && was_cancelled(self);
    if (runner_->on_bytes(cancelled ? error_code(net::error::operation_aborted) : ec, count))
      return read(self);
    self.complete(runner_->result());
  }

 private:
  template <class Self>
  void read(Self& self) {
    link_runner<Layer>& runner = *runner_;
    runner.read(std::move(self));
  }

  std::shared_ptr<link_runner<Layer>> runner_;
  bool began_ = false;
  error_code result_;
};

template <class Layer>
class link_ready_op {
 public:
  explicit link_ready_op(std::shared_ptr<link_runner<Layer>> runner) : runner_(std::move(runner)) {}

  template <class Self>
  void operator()(Self& self, const error_code& /*ec*/ = {}) {
    if (!std::exchange(began_, true)) {
      allow_total_cancellation(self);
      link_runner<Layer>& runner = *runner_;
      if (runner.is_settled()) return net::post(std::move(self));
      return runner.ready_or_ended().async_wait(std::move(self));
    }
    if (runner_->has_ended()) return self.complete(net::error::not_connected);
    // Woken before there was anything to say: the operation itself was cancelled.
    self.complete(runner_->is_settled() ? error_code() : error_code(net::error::operation_aborted));
  }

 private:
  std::shared_ptr<link_runner<Layer>> runner_;
  bool began_ = false;
};

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
