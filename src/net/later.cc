#include "net/later.h"

#include <utility>

namespace baton::net {

void Later::call_within(std::chrono::steady_clock::duration time) {
  if (std::exchange(shared_->is_waiting, true)) return;
  timer_.expires_after(time);
  timer_.async_wait([shared = shared_](const std::error_code& /*by the end of this*/) {
    shared->is_waiting = false;
    if (shared->call) shared->call();
  });
}

}  // namespace baton::net
