#include "proxy/session.h"

#include "base/dead_stack.h"
#include "common/log.h"
#include "crypto/random.h"
#include "proxy/local_handshake.h"
#include "proxy/plain_relay.h"
#include "proxy/relay.h"

namespace baton::proxy {
namespace {

using namespace std::chrono_literals;
using programs::log_event;
using programs::LogField;
using programs::LogLevel;

// How long one direction may stay open without a byte after the other has ended.
constexpr auto kHalfClosedTimeout = 30s;
// How long a client may take for our last alert.
constexpr auto kClosingTimeout = 5s;

}  // namespace

Session::Session(SessionContext& context, const Listener& listener, net::Socket client,
                 const offload::ClientAddress& address)
    : context_(context), listener_(listener), client_(std::move(client)), address_(address) {
  // It only has to tell connections apart in logs, so a failing generator is no reason to refuse a client.
  static_cast<void>(crypto::random_bytes(trace_id_));
}

net::Task<> Session::run() {
  context_.counters.get("connections").add();
  return listener_.protocol == Protocol::tcp ? serve_tcp() : serve_tls();
}

net::Task<> Session::serve_tls() {
  auto established = co_await shake_hands();
  if (!established) {
    wipe_dead_stack();  // a connection may have been handed over before it failed
    log_failure(established.error());
    if (client_.is_open()) co_await net::linger_and_close(client_);
    co_return;
  }
  log_established(*established);
  const RelayResult result = co_await carry(std::move(*established));
  wipe_dead_stack();   // the nonce of record 0 is the IV
  log_closed(result);  // behind the end of the connection's secrets, so that the line can be relied on
  if (client_.is_open()) co_await net::linger_and_close(client_);
}

net::Task<> Session::serve_tcp() {
  log_accepted();
  log_closed(co_await carry_plain());
  if (client_.is_open()) co_await net::linger_and_close(client_);
}

// A coroutine of its own, so that nothing of the handshake, its link included, outlives it.
net::Task<tl::expected<EstablishedClient, HandshakeFailure>> Session::shake_hands() {
  if (const LocalTls* tls = context_.local_tls[listener_.number].get()) {
    co_return co_await shake_hands_here(*tls);
  }
  ClientHandshake handshake(context_, client_, address_, listener_.name, trace_id_);
  handshake_ = &handshake;
  auto established = co_await handshake.run();
  handshake_ = nullptr;
  co_return established;
}

net::Task<tl::expected<EstablishedClient, HandshakeFailure>> Session::shake_hands_here(const LocalTls& tls) {
  LocalHandshake handshake(context_, client_, address_, tls, trace_id_);
  handshake_ = &handshake;
  auto established = co_await handshake.run();
  handshake_ = nullptr;
  co_return established;
}

net::Task<RelayResult> Session::carry(EstablishedClient established) {
  auto backend = co_await net::connect(listener_.backend, context_.config.limits.connect_timeout);
  if (!backend) {
    established.connection->abort(tls::Alert::internal_error, "no backend");
    const WireBuffer alert = established.connection->take_output();
    static_cast<void>(co_await net::write_all(client_, alert));
    co_return backend_unreachable(backend.error());
  }
  Relay relay(client_, *established.connection, *backend,
              static_cast<std::size_t>(context_.config.limits.buffer), context_.scratch);
  relay_ = &relay;
  RelayResult result = co_await relay.run();
  relay_ = nullptr;
  co_return result;
}

net::Task<RelayResult> Session::carry_plain() {
  auto backend = co_await net::connect(listener_.backend, context_.config.limits.connect_timeout);
  if (!backend) {
    net::reset(client_);  // nothing else could tell it from a backend that had nothing to say
    co_return backend_unreachable(backend.error());
  }
  PlainRelay relay(client_, *backend, static_cast<std::size_t>(context_.config.limits.buffer),
                   context_.scratch);
  relay_ = &relay;
  RelayResult result = co_await relay.run();
  relay_ = nullptr;
  co_return result;
}

RelayResult Session::backend_unreachable(const Error& error) {
  context_.counters.get("backend_unreachable").add();
  return {"backend_unreachable", error.message, 0, 0};
}

void Session::expire(std::chrono::steady_clock::time_point now) {
  if (handshake_ != nullptr) handshake_->expire(now);
  if (relay_ == nullptr) return;
  const auto idle = now - relay_->last_activity();
  std::chrono::milliseconds allowed = context_.config.limits.idle_timeout;
  if (relay_->half_closed()) allowed = std::min<std::chrono::milliseconds>(allowed, kHalfClosedTimeout);
  if (relay_->closing()) allowed = std::min<std::chrono::milliseconds>(allowed, kClosingTimeout);
  if (idle > allowed) relay_->end("idle");
}

void Session::end(const std::string& reason) {
  if (relay_ != nullptr) {
    relay_->end(reason);
  } else if (handshake_ != nullptr) {
    handshake_->stop();
  } else {
    net::reset(client_);
  }
}

void Session::log_failure(const HandshakeFailure& failure) {
  context_.counters.get("handshake_failed_" + failure.reason).add();
  if (failure.refused && !context_.refusals.admit(std::chrono::steady_clock::now())) return;
  const std::string trace = to_hex(trace_id_);
  const std::string client = offload::to_string(address_);
  log_event(LogLevel::warning, "handshake_failed",
            {{"trace", trace},
             {"client", client},
             {"listener", listener_.name},
             {"server_name", failure.server_name},
             {"reason", failure.reason},
             {"alert", failure.alert},
             {"detail", failure.detail}});
}

void Session::log_accepted() {
  if (!programs::logs(LogLevel::info)) return;
  const std::string trace = to_hex(trace_id_);
  const std::string client = offload::to_string(address_);
  log_event(LogLevel::info, "accepted", {{"trace", trace}, {"client", client}, {"listener", listener_.name}});
}

void Session::log_established(const EstablishedClient& established) {
  context_.counters.get("handshakes_established").add();
  if (established.local) {
    context_.counters.get("handshakes_local").add();
  } else {
    context_.counters.get(established.early ? "handoffs_early" : "handoffs_late").add();
  }
  if (established.hedged) context_.counters.get("handshakes_hedged").add();
  if (!programs::logs(LogLevel::info)) return;
  const std::string trace = to_hex(trace_id_);
  const std::string client = offload::to_string(address_);
  const tls::ConnectionState& state = established.connection->state();
  log_event(LogLevel::info, "established",
            {{"trace", trace},
             {"client", client},
             {"listener", listener_.name},
             {"server_name", state.server_name},
             {"alpn", state.alpn},
             {"version", tls::to_string(state.version())},
             {"suite", state.suite->name},
             {"resumed", state.resumed.value_or(false)},
             {"early", established.early},
             {"hedged", established.hedged},
             {"local", established.local},
             {"key_store", established.key_store},
             {"relayed_in", established.relayed_in},
             {"relayed_out", established.relayed_out},
             {"serialized_bytes", established.serialized_size},
             {"handshake_us", static_cast<std::int64_t>(established.duration.count())}});
}

void Session::log_closed(const RelayResult& result) {
  context_.counters.get("closed_" + result.reason).add();
  if (!programs::logs(LogLevel::info)) return;
  const std::string trace = to_hex(trace_id_);
  const std::string client = offload::to_string(address_);
  const auto lived =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
  log_event(LogLevel::info, "closed",
            {{"trace", trace},
             {"client", client},
             {"reason", result.reason},
             {"detail", result.detail},
             {"bytes_in", result.plaintext_in},
             {"bytes_out", result.plaintext_out},
             {"ms", static_cast<std::int64_t>(lived.count())}});
}

}  // namespace baton::proxy
