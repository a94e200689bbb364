// The application server's end of a link.
//
// It never stops reading: the key store may stop while its output is high (LinkServer::wants_input), so at
// most one side waits for the other.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "offload/link_core.h"

namespace baton::offload {

// After Failed the handshake has ended. After Handoff it ends with report() or cancel(). A signature ends
// with its answer.
using ClientEvent = std::variant<Hello, Pong, GoAway, LinkError, Received<ServerBytes>, Received<Handoff>,
                                 Received<Failed>, Received<Signature>, Received<SignRefused>>;

// What opens a handshake.
struct OpenRequest {
  ClientAddress client;
  std::string listener;  // printable ASCII, at most kMaxListenerName bytes
  TraceId trace_id{};
  std::chrono::milliseconds deadline{0};  // from now; 0: as long as the key store allows
  Bytes first_bytes;                      // of the client's stream, at most kClientWindow; may be empty
};

class LinkClient final : public LinkCore {
 public:
  LinkClient(const LinkLimits& limits, const HelloInfo& info) : LinkCore(limits, info) {}

  // The oldest event not yet taken. Take them all after each receive().
  std::optional<ClientEvent> next_event();

  // Begins a handshake. Errors: refused (not ready, going away, the key store offers no offload, ids used up:
  // open a new link), limit_exceeded (too many in flight, or the key store does not keep up: use another
  // one), invalid_argument.
  [[nodiscard]] Result<HandshakeId> open(OpenRequest request);

  // How many bytes of the client's stream may be sent now. It grows with the `consumed` of each ServerBytes
  // and as output is sent; the caller keeps the rest, and every byte behind `consumed`, for the connection
  // (R2).
  std::size_t client_window(HandshakeId id) const;
  // Sends the next bytes of the client's stream. Errors: invalid_argument (not a running handshake),
  // limit_exceeded (over client_window(); nothing was sent).
  [[nodiscard]] Result<void> client_bytes(HandshakeId id, ByteView bytes);

  // Asks for a signature; its id is of the same series. Errors: as open(), where the key store does not sign.
  [[nodiscard]] Result<HandshakeId> sign(Sign request);

  // Ends a handshake or a signature; its events stop, those already queued included. Unknown and ended ids do
  // nothing.
  void cancel(HandshakeId id, CancelReason reason);
  // Ends a handshake that was handed off. Errors: invalid_argument (it was not), refused (the link has
  // ended).
  [[nodiscard]] Result<void> report(HandshakeId id, const Outcome& outcome);

  std::size_t in_flight() const override { return handshakes_.size() + signatures_.size(); }

 private:
  struct Stream {
    bool handed_off = false;
    std::uint64_t sent = 0;      // of the client's stream
    std::uint64_t consumed = 0;  // as last reported
  };
  using Streams = std::map<HandshakeId, Stream>;

  FrameResult<void> on_hello(const Hello& hello) override;
  FrameResult<void> on_handshake_frame(Frame frame) override;
  void on_event(Hello event) override { events_.emplace_back(std::move(event)); }
  void on_event(Pong event) override { events_.emplace_back(event); }
  void on_event(GoAway event) override { events_.emplace_back(std::move(event)); }
  void on_event(LinkError event) override { events_.emplace_back(std::move(event)); }

  template <class Body>
  FrameResult<void> take(Streams::iterator stream, Body& body);
  FrameResult<void> on_signature_frame(Frame frame);
  Result<void> check_new() const;
  Result<void> check_open(const OpenRequest& request) const;
  Result<void> send_stream(HandshakeId id, Stream& stream, ByteView bytes);

  std::deque<ClientEvent> events_;
  Streams handshakes_;
  std::set<HandshakeId> signatures_;
  std::uint32_t last_id_ = 0;
};

}  // namespace baton::offload
