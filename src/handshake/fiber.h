// A stack of its own for a call that may have to wait in its middle: libssl cannot leave a handshake while it
// signs, so where the key is elsewhere the handshake runs on a fiber, which is suspended until the signature
// is there.
//
// OpenSSL's own ASYNC_start_job() would do, but its stacks have 32 KiB, no guard page, and keep what was on
// them (R6). These have 128 KiB, of which only what is used takes memory, end at pages that cannot be
// touched, and are emptied when the call has ended.
#pragma once

#include <functional>
#include <memory>

namespace baton::handshake {

class Fiber {
 public:
  // Null: there is no memory for a stack.
  static std::unique_ptr<Fiber> create(std::function<void()> body);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  // The body must not be suspended: its stack holds objects that nobody else would destroy. Aborts if it is.
  ~Fiber();

  // Begins the body, or goes on behind its suspend(), until it suspends or ends. On the thread that began it.
  void resume();
  bool ended() const;

  // Inside of a body: back to who called resume().
  static void suspend();

 private:
  struct Inside;
  explicit Fiber(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace baton::handshake
