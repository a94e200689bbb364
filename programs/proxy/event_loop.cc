#include "proxy/event_loop.h"

#include <asio/post.hpp>

#include "common/client_of.h"
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
      picker_(links::KeyStores::make_picker(shared.config.links)),
      key_stores_(context_.get_executor(), shared.config.links, shared.link_tls, picker_, "baton-proxy",
                  shared.counters),
      scratch_(kScratchSize),
      session_context_{shared.config,     key_stores_, shared.counters,
                       shared.handshakes, scratch_,    shared.local_tls} {}

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

net::Task<> EventLoop::accept_clients(Socket& socket) {
  for (;;) {
    auto client = co_await net::accept(socket.acceptor);
    if (!client) co_return;
    auto place = shared_.connections.take(0);
    if (!place) {
      shared_.counters.get("refused_max_connections").add();
      net::reset(*client);  // to say why would take the descriptor that is missing
      continue;
    }
    const auto executor = context_.get_executor();
    const auto from = programs::client_of(*client);
    if (shared_.client_rates.take(from, std::chrono::steady_clock::now())) {
      net::spawn(executor, serve(*socket.listener, std::move(*client), from, std::move(*place)));
    } else {
      note_refusal(from);
      net::spawn(executor, refuse(*socket.listener, std::move(*client), std::move(*place)));
    }
  }
}

net::Task<> EventLoop::serve(const Listener& listener, net::Socket client, offload::ClientAddress from,
                             offload::FairRoom::Place /*place*/) {
  const auto session =
      sessions_.emplace(sessions_.end(), session_context_, listener, std::move(client), from);
  co_await session->run();
  sessions_.erase(session);
}

void EventLoop::note_refusal(const offload::ClientAddress& client) {
  shared_.counters.get("refused_client_rate").add();
  if (!session_context_.refusals.admit(std::chrono::steady_clock::now())) return;
  const std::string name = offload::to_string(client);
  programs::log_event(programs::LogLevel::warning, "client_refused",
                      {{"client", name}, {"reason", "this client is above limits.client_rate"}});
}

// Before a byte of it is read.
net::Task<> EventLoop::refuse(const Listener& listener, net::Socket client,
                              offload::FairRoom::Place /*place*/) {
  const auto room = shared_.refusals.take(0);
  if (!room || listener.protocol == Protocol::tcp || shared_.config.limits.refusal == Refusal::reset) {
    net::reset(client);
    co_return;
  }
  const Bytes alert = tls::plaintext_alert(tls::Alert::internal_error);
  static_cast<void>(co_await net::write_all(client, alert));
  co_await net::linger_and_close(client);
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
