// The handshake of one client, done here with a certificate of our own whose private key a key store has. It
// leaves the event loop to others while a signature is away.
#pragma once

#include <chrono>

#include "handshake/handshake.h"
#include "net/readiness.h"
#include "net/signal.h"
#include "net/socket.h"
#include "offload/signature_offload.h"
#include "proxy/running_handshake.h"
#include "proxy/session_context.h"

namespace baton::proxy {

class LocalHandshake final : public RunningHandshake {
 public:
  LocalHandshake(SessionContext& context, net::Socket& client, const offload::ClientAddress& address,
                 const LocalTls& tls, const offload::TraceId& trace_id);

  using Finished = tl::expected<EstablishedClient, HandshakeFailure>;
  // Ends after limits.handshake_timeout, if expire() is called now and then.
  net::Task<Finished> run();
  void stop() override;
  void expire(std::chrono::steady_clock::time_point now) override;

 private:
  using Time = std::chrono::steady_clock::time_point;

  net::Task<std::optional<HandshakeFailure>> begin();
  net::Task<bool> wait_for_client();
  bool read_client();
  void advance(ByteView bytes);
  net::Task<bool> send_output();
  void ask_for_signature();
  net::Task<std::optional<HandshakeFailure>> await_signature();
  bool is_late() const { return std::chrono::steady_clock::now() >= ends_at_; }
  HandshakeFailure lost(std::string detail);
  HandshakeFailure failed();
  net::Task<HandshakeFailure> refuse(std::string detail);
  Finished established();

  SessionContext& context_;
  net::Socket& client_;
  const offload::ClientAddress& address_;
  const LocalTls& tls_;
  const offload::TraceId& trace_id_;
  std::optional<offload::FairRoom::Place> place_;  // among the handshakes of the process
  net::Signal news_;                               // of signature_, and of the client
  net::Readiness readable_;
  Time first_byte_;
  Time ends_at_;
  std::unique_ptr<handshake::Handshake> handshake_;
  handshake::Progress progress_ = handshake::Progress::need_bytes;
  std::optional<offload::SignatureOffload> signature_;
  std::string signature_refusal_;  // why there was none, in one word; empty: there was
  std::string key_store_;          // that gave it
  bool overloaded_ = false;        // that is why
  Bytes read_;                     // of the client, and not yet given to the handshake
  Bytes recent_;                   // of the client: the last that the handshake was given
  std::uint64_t fed_ = 0;          // bytes of the client that the handshake was given
  std::uint64_t sent_ = 0;         // to the client
  bool stopped_ = false;
  bool client_ended_ = false;
};

}  // namespace baton::proxy
