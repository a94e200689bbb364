#include "proxy/event_loop.h"

#include <asio/post.hpp>

#include "common/log.h"
#include "net/spawn.h"
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
      picker_(KeyStores::make_picker(shared.config)),
      key_stores_(context_.get_executor(), shared.config, shared.link_tls, picker_, shared.counters),
      scratch_(kScratchSize),
      session_context_{shared.config, key_stores_, shared.counters, scratch_} {}

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
  key_stores_.start();
  net::spawn(context_.get_executor(), expire_sessions());
  for (Socket& socket : sockets_) net::spawn(context_.get_executor(), accept_clients(socket));
  context_.run();
}

bool EventLoop::admit() {
  if (shared_.connections.fetch_add(1, std::memory_order_relaxed) < shared_.max_connections) return true;
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
    net::spawn(context_.get_executor(), serve(*socket.listener, std::move(*client)));
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
    net::spawn(context_.get_executor(), finish());
  });
}

net::Task<> EventLoop::finish() {
  const auto end_at = std::chrono::steady_clock::now() + kDrainTime;
  while (!sessions_.empty() && std::chrono::steady_clock::now() < end_at) co_await net::sleep_for(20ms);
  for (Session& session : sessions_) session.end("shutting_down");
  key_stores_.stop();
  co_await net::sleep_for(100ms);
  context_.stop();
}

}  // namespace baton::proxy
