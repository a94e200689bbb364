#include "links/key_store_links.h"

#include <asio/experimental/awaitable_operators.hpp>

#include "common/log.h"
#include "net/plain_stream.h"
#include "net/secure.h"
#include "net/spawn.h"
#include "net/timeout.h"

namespace baton::links {
namespace {

using namespace std::chrono_literals;
using programs::log_event;
using programs::LogLevel;
using std::chrono::steady_clock;

constexpr auto kDialTimeout = 5000ms;  // TCP, TLS and HELLO, each
constexpr auto kFirstRetry = 50ms;
constexpr auto kSlowestRetry = 5000ms;

}  // namespace

KeyStoreLinks::KeyStoreLinks(const asio::any_io_executor& executor, net::Endpoint address,
                             std::shared_ptr<const handshake::ClientEndpoint> tls,
                             std::chrono::milliseconds lifetime, std::string program, Watcher watcher)
    : executor_(executor),
      address_(std::move(address)),
      name_(net::to_string(address_)),
      tls_(std::move(tls)),
      lifetime_(lifetime),
      program_(std::move(program)),
      watcher_(std::move(watcher)),
      changed_(executor) {}

void KeyStoreLinks::changed() {
  const bool was_silent = std::exchange(silent_, current_ && current_->silent());
  if (silent_ && !was_silent) {
    log_event(LogLevel::warning, "link_silent", {{"key_store", name_}});
    watcher_.on_silent();
  }
  if (was_silent && usable()) log_event(LogLevel::warning, "link_answers", {{"key_store", name_}});
  watcher_.on_usable(usable());
  changed_.notify();
}

net::Task<Result<KeyStoreLinks::LinkPointer>> KeyStoreLinks::dial() {
  auto socket = co_await net::connect(address_, kDialTimeout);
  if (!socket) co_return pass_on(socket);
  if (!tls_)
    co_return std::make_shared<KeyStoreLink>(executor_, program_,
                                             std::make_unique<net::PlainStream>(std::move(*socket)));
  auto handshake = tls_->connect();
  if (!handshake) co_return pass_on(handshake);
  auto secured = co_await net::secure(std::move(*socket), std::move(*handshake), kDialTimeout);
  if (!secured) co_return pass_on(secured);
  co_return std::make_shared<KeyStoreLink>(executor_, program_, std::move(secured->stream));
}

// Runs one link to its end.
net::Task<> KeyStoreLinks::keep(LinkPointer link) {
  ++live_;
  const Error end = co_await link->run(kDialTimeout);
  --live_;
  link_end_ = end.message;
  if (current_ == link) {
    current_.reset();
    failed_ = !stopped_;
    // One that is silent will be so for the next attempt, too, and that takes long.
    if (end.code == ErrorCode::limit_exceeded) last_failure_ = link_end_;
  }
  log_event(stopped_ ? LogLevel::info : LogLevel::warning, "link_down",
            {{"key_store", name_}, {"reason", end.message}});
  changed();
}

// Puts a new link in the place of the current one, which stays in use until then.
net::Task<bool> KeyStoreLinks::renew() {
  auto link = co_await dial();
  if (!link) {
    last_failure_ = link.error().message;
    if (!stopped_) {
      failed_ = true;
      log_event(LogLevel::warning, "link_failed", {{"key_store", name_}, {"reason", link.error().message}});
    }
    co_return false;
  }
  (*link)->set_on_change([this] { changed(); });
  (*link)->set_on_pong(watcher_.on_pong);
  net::spawn(executor_, keep(*link));
  while (!(*link)->usable() && !(*link)->ended() && !stopped_) co_await changed_.wait();
  if (!(*link)->usable()) {
    last_failure_ = link_end_;
    (*link)->retire("shutting down");
    co_return false;
  }
  last_failure_.reset();
  const LinkPointer replaced = std::exchange(current_, *link);
  if (replaced) replaced->retire("replaced by a new link");
  changed();
  // Who has read of the failure is to read of its end.
  log_event(std::exchange(failed_, false) ? LogLevel::warning : LogLevel::info, "link_up",
            {{"key_store", name_}, {"software", (*link)->peer().software}});
  co_return true;
}

// Returns when the current link is lost or has to be replaced.
net::Task<> KeyStoreLinks::use_current() {
  using namespace asio::experimental::awaitable_operators;
  const auto replace_at = steady_clock::now() + lifetime_;
  while (has_link() && !stopped_ && steady_clock::now() < replace_at) {
    co_await (changed_.wait() || net::sleep_for(replace_at - steady_clock::now()));
  }
}

net::Task<> KeyStoreLinks::run() {
  net::Backoff backoff(kFirstRetry, kSlowestRetry);
  while (!stopped_) {
    if (co_await renew()) {
      const auto came_up = steady_clock::now();
      co_await use_current();
      // Not after a short life: a key store that breaks every link at once must not keep us busy (R9).
      const bool was_good = has_link() || steady_clock::now() - came_up > kSlowestRetry;
      if (was_good) {
        backoff.reset();
        continue;
      }
      last_failure_ = link_end_;  // as with an identity that is refused
    }
    if (!stopped_) co_await net::sleep_for(backoff.next());
  }
  if (current_) current_->retire("shutting down");
  while (live_ > 0) co_await changed_.wait();
}

std::optional<std::string> KeyStoreLinks::away() const {
  if (usable()) return std::nullopt;
  if (has_link()) return name_ + " does not answer";
  if (!last_failure_ || last_failure_->find(name_) != std::string::npos) return last_failure_;
  return name_ + ": " + *last_failure_;
}

void KeyStoreLinks::stop() {
  stopped_ = true;
  changed_.notify();
}

Result<std::unique_ptr<offload::RemoteHandshake>> KeyStoreLinks::open(offload::OpenRequest request,
                                                                      std::function<void()> on_news) {
  if (!usable()) return fail(ErrorCode::io, "no link to the key store " + name_);
  return current_->open(std::move(request), std::move(on_news));
}

Result<std::unique_ptr<offload::AwaitedSignature>> KeyStoreLinks::sign(offload::Sign request,
                                                                       std::function<void()> on_news) {
  if (!usable()) return fail(ErrorCode::io, "there is no link to " + name_ + " now");
  return current_->sign(std::move(request), std::move(on_news));
}

}  // namespace baton::links
