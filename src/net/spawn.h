// Starts a coroutine that nobody waits for.
#pragma once

#include <asio/co_spawn.hpp>
#include <exception>

#include "net/socket.h"

namespace baton::net {

// What a coroutine throws cannot be handled any more (memory ran out, or a fault of ours): it ends the
// process, rather than leaving a half-dead one behind.
template <class Executor>
void spawn(const Executor& executor, Task<> task) {
  asio::co_spawn(executor, std::move(task), [](const std::exception_ptr& thrown) {
    if (thrown) std::terminate();
  });
}

}  // namespace baton::net
