#include "net/readiness.h"

#include <utility>

namespace baton::net {

void Readiness::watch() {
  if (std::exchange(shared_->is_watching, true)) return;
  socket_.async_wait(type_, [shared = shared_](const std::error_code& /*the next call will meet it*/) {
    shared->is_watching = false;
    if (shared->on_ready) shared->on_ready();
  });
}

}  // namespace baton::net
