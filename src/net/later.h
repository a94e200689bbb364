// Calls a function in a while, for what need not be done at once and is better done together with something
// else. For one event loop.
#pragma once

#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "net/socket.h"

namespace baton::net {

class Later {
 public:
  // `call` is called by the event loop; not after this has ended.
  Later(const asio::any_io_executor& executor, std::function<void()> call)
      : timer_(executor), shared_(std::make_shared<Shared>(Shared{std::move(call)})) {}
  Later(const Later&) = delete;
  Later& operator=(const Later&) = delete;
  ~Later() { shared_->call = nullptr; }

  // Once, at that time, or earlier if it was asked to before.
  void call_within(std::chrono::steady_clock::duration time);

 private:
  struct Shared {
    std::function<void()> call;
    bool is_waiting = false;
  };

  asio::steady_timer timer_;
  std::shared_ptr<Shared> shared_;  // the timer may hold on to it for longer
};

}  // namespace baton::net
