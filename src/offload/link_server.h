// The key store's end of a link: frames and the life cycle of handshake ids. HandshakeService puts TLS behind
// it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "offload/link_core.h"

namespace baton::offload {

// After Cancel and Outcome the handshake has ended; Cancel may be of a signature. The caller keeps each
// client within kClientWindow.
using ServerEvent = std::variant<Hello, Pong, GoAway, LinkError, Received<Open>, Received<ClientBytes>,
                                 Received<Cancel>, Received<Outcome>, Received<Sign>>;

class LinkServer final : public LinkCore {
 public:
  // `configured`: the newest serialization version that this key store may write. A peer that cannot read
  // what would be written is refused with a LINK_ERROR `serialization_version`, unless both can sign.
  LinkServer(const LinkLimits& limits, const HelloInfo& info, serialization::SerializationVersion configured)
      : LinkCore(limits, info), configured_(configured) {}

  // The oldest event not yet taken. Take them all after each receive().
  std::optional<ServerEvent> next_event();

  // False while output waits: do not read from the stream then, so that a peer that reads slowly is slowed
  // down.
  bool wants_input() const { return !output_is_high(); }

  // What is written for this peer. `none` until ready(), and where no handshakes are offloaded.
  serialization::SerializationVersion version_to_write() const { return version_to_write_; }

  // Bytes for the client, in as many frames as needed; with none, only `consumed` is told. `consumed` never
  // falls. Errors of these three: invalid_argument (the handshake does not run), and those of the link.
  [[nodiscard]] Result<void> server_bytes(HandshakeId id, std::uint64_t consumed, ByteView bytes);
  // Gives the connection away. Error: limit_exceeded (the peer takes no frame of this size; the handshake
  // runs on).
  [[nodiscard]] Result<void> handoff(HandshakeId id, Handoff handoff);
  // Ends the handshake. Texts are made to fit.
  [[nodiscard]] Result<void> fail_handshake(HandshakeId id, Failed failed);

  // These two end a signature. Errors: invalid_argument (none is awaited under this id, or one of no size
  // that could be sent), and those of the link.
  [[nodiscard]] Result<void> signature(HandshakeId id, Bytes signature);
  [[nodiscard]] Result<void> refuse_signature(HandshakeId id, SigningRefusal reason, std::string_view text);

  // The OUTCOME never came: the handshake has ended, and a late OUTCOME is ignored.
  void forget(HandshakeId id) { handshakes_.erase(id); }

  // Whether a signature is awaited. As is_running().
  bool awaits_signature(HandshakeId id) const { return signatures_.contains(id); }
  // Whether the handshake was opened and neither handed off nor ended. A CANCEL counts from its receive() on,
  // also while its event waits behind others.
  bool is_running(HandshakeId id) const;

  // The peer was told to open no more, so an OPEN or SIGN that crossed our GO_AWAY is to be failed.
  bool refuses_opens() const { return go_away_sent(); }

  std::size_t in_flight() const override { return handshakes_.size() + signatures_.size(); }

 private:
  enum class Stage { running, handed_off };
  using Stages = std::map<HandshakeId, Stage>;

  FrameResult<void> on_hello(const Hello& hello) override;
  FrameResult<void> on_handshake_frame(Frame frame) override;
  void on_event(Hello event) override { events_.emplace_back(std::move(event)); }
  void on_event(Pong event) override { events_.emplace_back(event); }
  void on_event(GoAway event) override { events_.emplace_back(std::move(event)); }
  void on_event(LinkError event) override { events_.emplace_back(std::move(event)); }

  FrameResult<void> take_id(const Frame& frame);
  FrameResult<void> on_open(Frame frame);
  FrameResult<void> on_sign(Frame frame);
  FrameResult<void> on_signature_frame(const Frame& frame);

  serialization::SerializationVersion configured_;
  serialization::SerializationVersion version_to_write_ = serialization::SerializationVersion::none;
  std::deque<ServerEvent> events_;
  Stages handshakes_;
  std::set<HandshakeId> signatures_;
  std::uint32_t last_id_ = 0;
};

}  // namespace baton::offload
