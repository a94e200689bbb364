// The established phase: TLS records with the client, plaintext with the backend, both ways with
// back-pressure.
#pragma once

#include <string>

#include "net/later.h"
#include "net/readiness.h"
#include "net/signal.h"
#include "net/socket.h"
#include "proxy/running_relay.h"
#include "tls/connection.h"

namespace baton::proxy {

class Relay final : public RunningRelay {
 public:
  // `scratch` is memory of the event loop that no coroutine uses across a suspension.
  Relay(net::Socket& client, tls::Connection& connection, net::Socket& backend, std::size_t buffer_limit,
        MutableBytes scratch);

  // Carries data until both directions have ended. Half-close is passed on in both directions.
  net::Task<RelayResult> run();

  void end(std::string reason, std::string detail = {}) override;
  std::chrono::steady_clock::time_point last_activity() const override { return last_activity_; }
  bool half_closed() const override { return client_closed_ != backend_closed_; }
  bool closing() const override { return ended_; }

 private:
  net::Task<> from_client();
  net::Task<> from_backend();
  net::Task<Result<void>> read_client();
  // Ends it now, unless its result is decided already.
  void cut(std::string reason, std::string detail);
  void fail_tls(const tls::Failure& failure);
  bool decide(std::string reason, std::string detail);
  net::Task<> make_room();
  void seal(const Result<std::size_t>& count);
  void flush();
  bool output_done() const { return output_failed_ || connection_.output().empty(); }
  bool output_is_full() const { return connection_.output().size() >= buffer_limit_; }
  void touch() { last_activity_ = std::chrono::steady_clock::now(); }

  net::Socket& client_;
  tls::Connection& connection_;
  net::Socket& backend_;
  std::size_t buffer_limit_;
  MutableBytes scratch_;
  net::Signal drained_;  // output was written to the client, or the backend's side has ended
  net::Readiness writable_;
  net::Later later_;
  std::chrono::steady_clock::time_point last_activity_ = std::chrono::steady_clock::now();
  RelayResult result_;
  bool client_closed_ = false;   // the client's close_notify was passed on to the backend
  bool backend_closed_ = false;  // our close_notify is in the connection's output
  bool backend_done_ = false;    // from_backend() has returned
  unsigned busy_ = 0;            // records since the client had nothing to read
  bool has_sealed_ = false;      // something of the backend's
  bool said_all_ = false;        // by a FIN
  bool output_failed_ = false;   // the client takes nothing any more
  bool ended_ = false;
};

}  // namespace baton::proxy
