// Is told when a socket can be read or written, without a coroutine that waits for it. For one event loop.
#pragma once

#include <functional>
#include <memory>

#include "net/socket.h"

namespace baton::net {

class Readiness {
 public:
  // `on_ready` is called by the event loop; not after this has ended. The socket must outlive this.
  Readiness(Socket& socket, Socket::wait_type type, std::function<void()> on_ready)
      : socket_(socket), type_(type), shared_(std::make_shared<Shared>(Shared{std::move(on_ready)})) {}
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;
  ~Readiness() { shared_->on_ready = nullptr; }

  // From now on, once: at the next readiness, or when the socket fails or is closed.
  void watch();
  // Whether it has come since the last watch().
  bool has_come() const { return !shared_->is_watching; }

 private:
  struct Shared {
    std::function<void()> on_ready;
    bool is_watching = false;
  };

  Socket& socket_;
  Socket::wait_type type_;
  std::shared_ptr<Shared> shared_;  // the socket may hold on to it for longer
};

}  // namespace baton::net
