// A bound on the time of a coroutine.
#pragma once

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "net/socket.h"

namespace baton::net {

inline Task<> sleep_for(std::chrono::steady_clock::duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  std::error_code cancelled;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

// What `task` gives, or a limit_exceeded error that names `what` when it takes longer; it is cancelled then.
template <class T>
Task<Result<T>> with_timeout(Task<Result<T>> task, std::chrono::milliseconds timeout, std::string what) {
  using namespace asio::experimental::awaitable_operators;
  auto first = co_await (std::move(task) || sleep_for(timeout));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return fail(ErrorCode::limit_exceeded,
                 what + " took longer than " + std::to_string(timeout.count()) + " ms");
}

}  // namespace baton::net
