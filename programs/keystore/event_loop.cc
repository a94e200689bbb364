#include "keystore/event_loop.h"

#include <asio/post.hpp>

#include "common/client_of.h"
#include "common/log.h"
#include "net/spawn.h"
#include "net/timeout.h"

namespace baton::keystore {
namespace {

using namespace std::chrono_literals;

constexpr auto kDrainTime = 10s;

}  // namespace

Result<void> EventLoop::listen(UnixSockets unix_sockets) {
  for (const net::Endpoint& endpoint : shared_.config.link.listen) {
    if (!net::is_tcp(endpoint) && unix_sockets == UnixSockets::leave) continue;
    auto acceptor = net::listen(context_.get_executor(), endpoint);
    if (!acceptor) return pass_on(acceptor);
    acceptors_.push_back(std::move(*acceptor));
  }
  return {};
}

void EventLoop::run() {
  const auto keep_running = asio::make_work_guard(context_);
  for (net::Acceptor& acceptor : acceptors_) net::spawn(context_.get_executor(), accept_links(acceptor));
  context_.run();
}

net::Task<> EventLoop::accept_links(net::Acceptor& acceptor) {
  for (;;) {
    auto socket = co_await net::accept(acceptor);
    if (!socket) co_return;
    auto newcomer = shared_.newcomers.enter(offload::network_of(programs::client_of(*socket)));
    if (!newcomer) {
      shared_.counters.get("links_refused_newcomers").add();
      net::reset(*socket);
      continue;
    }
    net::spawn(context_.get_executor(),
               serve(std::make_shared<LinkSession>(shared_, std::move(*socket), std::move(*newcomer))));
  }
}

net::Task<> EventLoop::serve(std::shared_ptr<LinkSession> link) {
  links_.insert(link);
  co_await link->run();
  links_.erase(link);
}

void EventLoop::drain() {
  asio::post(context_, [this] {
    if (draining_) return;
    draining_ = true;
    for (net::Acceptor& acceptor : acceptors_) acceptor.close();
    for (const auto& link : links_) link->drain();
    net::spawn(context_.get_executor(), finish());
  });
}

net::Task<> EventLoop::finish() {
  const auto end_at = std::chrono::steady_clock::now() + kDrainTime;
  while (!links_.empty() && std::chrono::steady_clock::now() < end_at) co_await net::sleep_for(20ms);
  for (const auto& link : links_) link->close();
  co_await net::sleep_for(20ms);
  context_.stop();
}

}  // namespace baton::keystore
