// The handshake phase of one client: bytes are relayed between the client and a key store, unparsed, until
// the key store hands the connection over.
#pragma once

#include <chrono>
#include <string>

#include "net/readiness.h"
#include "net/signal.h"
#include "net/socket.h"
#include "offload/takeover.h"
#include "proxy/running_handshake.h"
#include "proxy/session_context.h"

namespace baton::proxy {

class ClientHandshake final : public RunningHandshake {
 public:
  ClientHandshake(SessionContext& context, net::Socket& client, const offload::ClientAddress& address,
                  const std::string& listener, const offload::TraceId& trace_id);

  // Ends after limits.handshake_timeout, if expire() is called now and then.
  net::Task<tl::expected<EstablishedClient, HandshakeFailure>> run();
  void stop() override;
  void expire(std::chrono::steady_clock::time_point now) override;

 private:
  using Finished = tl::expected<EstablishedClient, HandshakeFailure>;
  using Continued = tl::expected<std::unique_ptr<tls::Connection>, HandshakeFailure>;

  enum class Listen { to_client, to_others };

  net::Task<bool> wait_for_first_bytes();
  void begin();
  // Takes what the client has sent, the end of its stream too; false when the connection is broken.
  bool read_client();
  bool read_if_ready();
  net::Task<> wait_for_news(Listen listen, std::chrono::steady_clock::time_point deadline);
  net::Task<bool> wait_for_more();
  bool is_late() const { return std::chrono::steady_clock::now() >= ends_at_; }
  net::Task<std::optional<Finished>> handle(offload::OffloadEvent event);
  net::Task<HandshakeFailure> pass_on_failure(const offload::Failed& failed);
  net::Task<Finished> take_over(offload::Handoff handoff);
  net::Task<Continued> await_finished(offload::Takeover& takeover);
  HandshakeFailure finished_failure(const tls::Failure& failure, std::string server_name);
  HandshakeFailure lost(std::string detail);
  HandshakeFailure ended(offload::CancelReason cancel, offload::OutcomeKind outcome, std::string reason,
                         std::string detail);
  net::Task<HandshakeFailure> refuse_state(const Error& error);
  // For want of room, here or at the key stores. The client is refused as the configuration says.
  net::Task<HandshakeFailure> refuse(offload::FailureReason reason, std::string detail);
  net::Task<HandshakeFailure> fail(std::string reason, std::string detail, tls::Alert alert);

  SessionContext& context_;
  net::Socket& client_;
  const offload::ClientAddress& address_;
  const std::string& listener_;
  const offload::TraceId& trace_id_;
  std::optional<offload::FairRoom::Place> place_;  // among the handshakes of the process
  net::Signal news_;                               // of offload_, and of the client
  net::Readiness readable_;
  std::chrono::steady_clock::time_point first_byte_;
  std::chrono::steady_clock::time_point ends_at_;
  std::optional<offload::ClientOffload> offload_;
  Bytes read_;                     // of the client, and not yet given to anyone
  std::uint64_t relayed_out_ = 0;  // to the client
  std::uint64_t relayed_in_ = 0;   // of the client's bytes, those that its handshake has used
  bool stopped_ = false;
  bool flight_sent_ = false;  // with the handoff
  bool handed_off_ = false;   // to us; the key store awaits the outcome
  // The end of the client's stream; what stands before it still counts.
  std::optional<std::chrono::steady_clock::time_point> client_ended_;
};

}  // namespace baton::proxy
