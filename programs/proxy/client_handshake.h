// The handshake phase of one client: bytes are relayed between the client and the key store, unparsed, until
// the key store hands the connection over.
#pragma once

#include <chrono>
#include <string>

#include "net/socket.h"
#include "offload/link_client.h"
#include "proxy/key_store_links.h"
#include "tls/finished_reader.h"

namespace baton::proxy {

struct EstablishedClient {
  tls::Connection connection;  // bytes that the client sent behind its handshake are inside
  std::size_t serialized_size;
  std::uint64_t relayed_in;   // bytes of the client that belonged to its handshake
  std::uint64_t relayed_out;  // bytes of the key store for the client
  std::chrono::microseconds duration;
  bool early;  // it was handed over before the client's Finished
};

// Why there is no connection. The client was told as far as TLS can tell it.
struct HandshakeFailure {
  std::string
      reason;  // for counting: "no_key_store", "client_gone", "timeout", "link_lost", "tls_alert_sent", …
  std::string detail;       // for people
  std::string server_name;  // empty when not known
  std::string alert;        // the TLS alert that was sent or received; empty: none
};

class ClientHandshake {
 public:
  ClientHandshake(net::Socket& client, KeyStoreLinks& links, const std::string& listener,
                  const offload::TraceId& trace_id);

  net::Task<tl::expected<EstablishedClient, HandshakeFailure>> run(std::chrono::milliseconds timeout);

 private:
  using Finished = tl::expected<EstablishedClient, HandshakeFailure>;
  using Continued = tl::expected<tls::Connection, HandshakeFailure>;

  net::Task<Result<Finished>> relay(std::chrono::milliseconds timeout);
  net::Task<std::optional<HandshakeFailure>> open(std::chrono::milliseconds timeout);
  // Takes what the client has sent, the end of its stream too; false when the connection is broken.
  bool read_client();
  // Waits for the key store, after the client's last byte; false when that takes too long.
  net::Task<bool> wait_for_last_answer();
  std::optional<HandshakeFailure> forward();
  net::Task<std::optional<Finished>> handle(HandshakeEvent event);
  net::Task<Finished> take_over(offload::Handoff handoff);
  net::Task<Continued> take_connection(tls::ConnectionState state);
  net::Task<Continued> await_finished(tls::ConnectionState state);
  HandshakeFailure finished_failure(const tls::Failure& failure, std::string server_name);
  HandshakeFailure client_gone(std::string detail);
  net::Task<HandshakeFailure> refuse_state(const Error& error);
  net::Task<HandshakeFailure> fail(std::string reason, std::string detail, tls::Alert alert);
  void drop_consumed(std::uint64_t consumed);

  net::Socket& client_;
  KeyStoreLinks& links_;
  const std::string& listener_;
  const offload::TraceId& trace_id_;
  std::chrono::steady_clock::time_point first_byte_;
  std::unique_ptr<RemoteHandshake> remote_;
  Bytes retained_;             // bytes of the client that the handshake has not used, from offset dropped_ on
  std::uint64_t dropped_ = 0;  // bytes of the client's stream that the handshake has used
  std::size_t forwarded_ = 0;  // of retained_, sent to the key store
  std::uint64_t relayed_out_ = 0;  // to the client
  bool handed_off_ = false;        // to us; the key store awaits the outcome
  bool client_ended_ = false;      // its stream; what stands before the end still counts
};

}  // namespace baton::proxy
