#include "net/lookup.h"

#include <netdb.h>

#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "net/no_signals.h"
#include "net/signal.h"

namespace baton::net {
namespace {

// What a coroutine and the thread that asks for it share.
struct Lookup {
  std::mutex mutex;
  Signal* news = nullptr;  // of the coroutine, for its event loop only; null: nobody waits any more
  bool ended = false;      // error and found are there
  int error = 0;           // of getaddrinfo()
  std::vector<SocketAddress> found;
};

// In the coroutine, whose event loop may be destroyed with it.
class Waiter {
 public:
  Waiter(std::shared_ptr<Lookup> lookup, Signal& news) : lookup_(std::move(lookup)) { lookup_->news = &news; }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    const std::lock_guard lock(lookup_->mutex);
    lookup_->news = nullptr;
  }

 private:
  std::shared_ptr<Lookup> lookup_;
};

void ask_system(Lookup& lookup, const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &first);
  const std::lock_guard lock(lookup.mutex);
  lookup.error = error;
  if (error != 0) return;
  for (const addrinfo* one = first; one != nullptr; one = one->ai_next) {
    lookup.found.emplace_back(one->ai_addr, one->ai_addrlen, one->ai_protocol);
  }
  freeaddrinfo(first);
}

void tell(const std::shared_ptr<Lookup>& lookup, const asio::any_io_executor& executor) {
  const std::lock_guard lock(lookup->mutex);
  lookup->ended = true;
  if (lookup->news == nullptr) return;
  asio::post(executor, [lookup] {
    const std::lock_guard again(lookup->mutex);
    if (lookup->news != nullptr) lookup->news->notify();
  });
}

void start_thread(const std::shared_ptr<Lookup>& lookup, const asio::any_io_executor& executor,
                  std::string host, std::uint16_t port) {
  const NoSignals for_the_thread;
  std::thread([lookup, executor, host = std::move(host), port] {
    ask_system(*lookup, host, std::to_string(port));
    tell(lookup, executor);
  }).detach();
}

}  // namespace

Task<Result<std::vector<SocketAddress>>> look_up(std::string host, std::uint16_t port) {
  const auto lookup = std::make_shared<Lookup>();
  const auto executor = co_await asio::this_coro::executor;
  Signal news(executor);
  const Waiter waiter(lookup, news);
  std::optional<std::string> no_thread;
  try {
    start_thread(lookup, executor, host, port);
  } catch (const std::system_error& error) {
    no_thread = error.what();
  }
  if (no_thread) co_return fail(ErrorCode::io, "cannot resolve " + host + ": " + *no_thread);
  co_await news.wait();
  const std::lock_guard lock(lookup->mutex);
  if (!lookup->ended) co_return fail(ErrorCode::io, "cannot resolve " + host + ": cancelled");
  if (lookup->error != 0) {
    co_return fail(ErrorCode::io, "cannot resolve " + host + ": " + gai_strerror(lookup->error));
  }
  co_return lookup->found;
}

}  // namespace baton::net
