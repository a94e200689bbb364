#include "proxy/key_store_links.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>

#include "common/log.h"
#include "net/plain_stream.h"
#include "net/secure.h"
#include "net/timeout.h"

namespace baton::proxy {
namespace {

using namespace std::chrono_literals;
using programs::log_event;
using programs::LogLevel;

constexpr auto kDialTimeout = 5000ms;  // TCP, TLS and HELLO, each
constexpr auto kFirstRetry = 50ms;
constexpr auto kSlowestRetry = 5000ms;
// How long a new client waits for a link: long enough for a key store that restarts, short enough to fail
// clearly.
constexpr auto kWaitForLink = 2000ms;
constexpr auto kPollLink = 20ms;

}  // namespace

net::Task<Result<KeyStoreLinks::LinkPointer>> KeyStoreLinks::dial() {
  auto socket = co_await net::connect(config_.address, kDialTimeout);
  if (!socket) co_return pass_on(socket);
  if (!tls_)
    co_return std::make_shared<KeyStoreLink>(executor_,
                                             std::make_unique<net::PlainStream>(std::move(*socket)));
  auto handshake = tls_->connect();
  if (!handshake) co_return pass_on(handshake);
  auto secured = co_await net::secure(std::move(*socket), std::move(*handshake), kDialTimeout);
  if (!secured) co_return pass_on(secured);
  co_return std::make_shared<KeyStoreLink>(executor_, std::move(secured->stream));
}

// Runs one link to its end.
net::Task<> KeyStoreLinks::keep(LinkPointer link) {
  ++live_;
  const Error end = co_await link->run(kDialTimeout);
  --live_;
  if (current_ == link) current_.reset();
  log_event(stopped_ ? LogLevel::info : LogLevel::warning, "link_down",
            {{"key_store", net::to_string(config_.address)}, {"reason", end.message}});
  changed_.notify();
}

net::Task<> KeyStoreLinks::wait_until_usable(LinkPointer link) {
  while (!link->usable() && current_ == link && !stopped_) co_await changed_.wait();
}

net::Task<> KeyStoreLinks::run() {
  using namespace asio::experimental::awaitable_operators;
  net::Backoff backoff(kFirstRetry, kSlowestRetry);
  while (!stopped_) {
    auto link = co_await dial();
    if (stopped_) break;
    if (!link) {
      log_event(LogLevel::warning, "link_failed",
                {{"key_store", net::to_string(config_.address)}, {"reason", link.error().message}});
      co_await net::sleep_for(backoff.next());
      continue;
    }
    const LinkPointer replaced = std::exchange(current_, *link);
    (*link)->set_on_change([this] { changed_.notify(); });
    asio::co_spawn(executor_, keep(*link), asio::detached);
    co_await wait_until_usable(*link);
    if (replaced) replaced->retire("replaced by a new link");
    if (current_ != *link) {  // it ended before it could be used
      co_await net::sleep_for(backoff.next());
      continue;
    }
    backoff.reset();
    log_event(LogLevel::info, "link_up",
              {{"key_store", net::to_string(config_.address)}, {"software", (*link)->peer().software}});
    const auto replace_at = std::chrono::steady_clock::now() + config_.link_lifetime;
    while (usable() && !stopped_ && std::chrono::steady_clock::now() < replace_at) {
      co_await (changed_.wait() || net::sleep_for(replace_at - std::chrono::steady_clock::now()));
    }
  }
  if (current_) current_->retire("shutting down");
  while (live_ > 0) co_await changed_.wait();
}

void KeyStoreLinks::stop() {
  stopped_ = true;
  changed_.notify();
}

net::Task<Result<std::unique_ptr<RemoteHandshake>>> KeyStoreLinks::open(offload::OpenRequest request) {
  const auto give_up_at = std::chrono::steady_clock::now() + kWaitForLink;
  while (!usable() && !stopped_ && std::chrono::steady_clock::now() < give_up_at) {
    co_await net::sleep_for(kPollLink);
  }
  if (!usable()) co_return fail(ErrorCode::io, "no link to the key store " + net::to_string(config_.address));
  co_return current_->open(std::move(request));
}

}  // namespace baton::proxy
