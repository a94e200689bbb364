// One client, from its first byte to its last.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proxy/client_handshake.h"
#include "proxy/running_relay.h"

namespace baton::proxy {

class Session {
 public:
  Session(SessionContext& context, const Listener& listener, net::Socket client,
          const offload::ClientAddress& address);

  // The whole life of the connection. The caller keeps the session alive meanwhile.
  net::Task<> run();

  // Called every second or so: ends a session that has been idle for too long.
  void expire(std::chrono::steady_clock::time_point now);
  // Ends it now.
  void end(const std::string& reason);

 private:
  net::Task<> serve_tls();
  net::Task<> serve_tcp();
  net::Task<tl::expected<EstablishedClient, HandshakeFailure>> shake_hands();
  net::Task<tl::expected<EstablishedClient, HandshakeFailure>> shake_hands_here(const LocalTls& tls);
  // The connection ends with it.
  net::Task<RelayResult> carry(EstablishedClient established);
  net::Task<RelayResult> carry_plain();
  RelayResult backend_unreachable(const Error& error);
  void log_accepted();
  void log_failure(const HandshakeFailure& failure);
  void log_established(const EstablishedClient& established);
  void log_closed(const RelayResult& result);

  SessionContext& context_;
  const Listener& listener_;
  net::Socket client_;
  offload::ClientAddress address_;  // of the client
  offload::TraceId trace_id_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  RunningHandshake* handshake_ = nullptr;  // while it goes on
  RunningRelay* relay_ = nullptr;          // while the connection carries data
};

}  // namespace baton::proxy
