#include "proxy/event_loop.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include "common/log.h"
#include "net/timeout.h"

namespace baton::proxy {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kScratchSize = 64 * 1024;
constexpr auto kDrainTime = 10s;
constexpr auto kExpiryInterval = 500ms;

}  // namespace

EventLoop::EventLoop(ProxyShared& shared)
    : shared_(shared),
      links_(context_.get_executor(), shared.config.key_store, shared.link_tls),
      scratch_(kScratchSize),
      session_context_{shared.config, links_, shared.counters, scratch_} {}

Result<void> EventLoop::listen() {
  for (const Listener& listener : shared_.config.listeners) {
    for (const net::TcpEndpoint& endpoint : listener.listen) {
      auto acceptor = net::listen(context_.get_executor(), endpoint);
      if (!acceptor) return pass_on(acceptor);
      sockets_.push_back({&listener, std::move(*acceptor)});
    }
  }
  return {};
}

void EventLoop::run() {
  asio::co_spawn(context_, links_.run(), asio::detached);
  asio::co_spawn(context_, expire_sessions(), asio::detached);
  for (Socket& socket : sockets_) asio::co_spawn(context_, accept_clients(socket), asio::detached);
  context_.run();
}

bool EventLoop::admit() {
  const std::uint64_t limit = shared_.config.limits.max_connections;
  if (shared_.connections.fetch_add(1, std::memory_order_relaxed) < limit || limit == 0) return true;
  shared_.connections.fetch_sub(1, std::memory_order_relaxed);
  shared_.counters.get("refused_max_connections").add();
  return false;
}

net::Task<> EventLoop::accept_clients(Socket& socket) {
  for (;;) {
    auto client = co_await net::accept(socket.acceptor);
    if (!client) co_return;
    if (!admit()) {
      net::reset(*client);
      continue;
    }
    asio::co_spawn(context_, serve(*socket.listener, std::move(*client)), asio::detached);
  }
}

net::Task<> EventLoop::serve(const Listener& listener, net::Socket client) {
  const auto session = sessions_.emplace(sessions_.end(), session_context_, listener, std::move(client));
  co_await session->run();
  sessions_.erase(session);
  shared_.connections.fetch_sub(1, std::memory_order_relaxed);
}

net::Task<> EventLoop::expire_sessions() {
  while (!draining_ || !sessions_.empty()) {
    co_await net::sleep_for(kExpiryInterval);
    const auto now = std::chrono::steady_clock::now();
    for (Session& session : sessions_) session.expire(now);
  }
}

void EventLoop::drain() {
  asio::post(context_, [this] {
    if (draining_) return;
    draining_ = true;
    for (Socket& socket : sockets_) socket.acceptor.close();
    asio::co_spawn(context_, finish(), asio::detached);
  });
}

net::Task<> EventLoop::finish() {
  const auto end_at = std::chrono::steady_clock::now() + kDrainTime;
  while (!sessions_.empty() && std::chrono::steady_clock::now() < end_at) co_await net::sleep_for(20ms);
  for (Session& session : sessions_) session.end("shutting_down");
  links_.stop();
  co_await net::sleep_for(100ms);
  context_.stop();
}

}  // namespace baton::proxy
