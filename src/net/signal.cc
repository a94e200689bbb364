#include "net/signal.h"

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

namespace baton::net {

void Signal::notify() {
  notified_ = true;
  timer_.cancel();
}

Task<> Signal::wait_until(TimePoint deadline) {
  if (!std::exchange(notified_, false)) {
    if (timer_.expiry() != deadline) timer_.expires_at(deadline);
    std::error_code cancelled;  // by notify()
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    notified_ = false;
  }
}

}  // namespace baton::net
