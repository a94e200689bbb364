// What both ends of a link do alike: HELLO, PING, GO_AWAY, LINK_ERROR, limits and output.
//
// Sans-I/O. A link belongs to one thread. Its byte stream must be authenticated and encrypted, or be a Unix
// socket.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/error.h"
#include "offload/frame_codec.h"
#include "offload/frames.h"
#include "offload/limits.h"
#include "offload/output_queue.h"
#include "serialization/serialization.h"

namespace baton::offload {

// What this end says about itself in its HELLO, besides its limits.
struct HelloInfo {
  std::string software;                           // name and version, for logs; cut to kMaxSoftwareText
  std::uint64_t capabilities = kAllCapabilities;  // bits that this version does not have are not sent
  serialization::SerializationVersion newest_readable = newest_readable_version();
};

// What the link itself has to tell.
using LinkNews = std::variant<Hello, Pong, GoAway, LinkError>;

// The version that a key store writes: the older of what it is configured for and what its peer can read.
// Errors: refused (nothing is configured), unsupported_version (the peer reads none).
[[nodiscard]] Result<serialization::SerializationVersion> written_version(
    serialization::SerializationVersion configured, std::uint16_t newest_readable_by_peer);

class LinkCore {
 public:
  LinkCore(const LinkCore&) = delete;
  LinkCore& operator=(const LinkCore&) = delete;

  // Takes bytes of the peer, in any cutting. The caller wipes its own copy of them (R6: a HANDOFF holds
  // secrets), then takes all events. An error is final: events of the frames before it stay, output() ends
  // with the LINK_ERROR that says why, and the stream is closed once that is sent.
  [[nodiscard]] Result<void> receive(ByteView bytes);

  // What is to be sent, oldest first. Valid until the next call of anything else here.
  ByteView output() const { return output_.view(); }
  // The first `count` bytes of output() were sent; they are wiped.
  void output_sent(std::size_t count) { output_.sent(count); }

  // The peer's HELLO was received, and the link has not ended.
  bool ready() const { return peer_.has_value() && !closed_; }
  // After a LINK_ERROR of either side. Send what output() holds, then close the stream.
  bool closed() const { return closed_; }
  // Either side sent GO_AWAY. Once in_flight() is 0 too, the stream can be closed.
  bool going_away() const { return go_away_sent_ || go_away_received_; }
  // Handshakes between OPEN and their end, including those that were handed off and await their OUTCOME; and
  // signatures between SIGN and their answer.
  virtual std::size_t in_flight() const = 0;

  // What the peer said of itself. Only after ready() has been true.
  const Hello& peer() const { return *peer_; }

  // Both sides can do it.
  bool can_offload() const { return agreed(kSerializationOffload); }
  bool can_hand_off_early() const { return agreed(kEarlyHandoff); }
  bool can_sign() const { return agreed(kSigning); }

  // Sends a PING; the Pong event with this number answers it. Errors: refused (not ready), limit_exceeded
  // (kMaxPingsOutstanding are unanswered: the peer is slow or dead).
  [[nodiscard]] Result<std::uint64_t> ping();
  std::size_t unanswered_pings() const { return pings_.size(); }
  // No new handshakes on this link; those that run may finish. Calls after the first do nothing.
  void go_away(std::string_view reason);
  // Ends the link at once with a LINK_ERROR. For what the program knows: `refused`, `timeout`.
  void end_link(LinkErrorCode code, std::string_view text);

 protected:
  LinkCore(const LinkLimits& limits, const HelloInfo& info);
  ~LinkCore() = default;

  virtual FrameResult<void> on_hello(const Hello& hello) = 0;
  // A frame about one handshake, perhaps one that only the other side may send.
  virtual FrameResult<void> on_handshake_frame(Frame frame) = 0;
  virtual void on_event(Hello event) = 0;
  virtual void on_event(Pong event) = 0;
  virtual void on_event(GoAway event) = 0;
  virtual void on_event(LinkError event) = 0;

  // Queues a frame. Errors: refused (closed), and those of encode(). A queue over its limit ends the link.
  [[nodiscard]] Result<void> send(HandshakeId id, FrameBody body);

  bool output_is_high() const { return output_.size() > limits_.output_high_water; }
  std::size_t peer_max_payload() const;
  // Whether this end, and the peer by its HELLO, have the bit.
  bool offers(std::uint64_t capability) const { return (capabilities_ & capability) != 0; }
  bool agreed(std::uint64_t capability) const;
  const LinkLimits& limits() const { return limits_; }
  bool go_away_sent() const { return go_away_sent_; }
  bool go_away_received() const { return go_away_received_; }

 private:
  FrameResult<void> handle(Frame frame);
  FrameResult<void> handle_link_frame(FrameBody body);
  FrameResult<void> handle_hello(Hello hello);
  FrameResult<void> handle_pong(Pong pong);

  LinkLimits limits_;
  std::uint64_t capabilities_;
  FrameDecoder decoder_;
  OutputQueue output_;
  std::optional<Hello> peer_;
  std::deque<std::uint64_t> pings_;
  std::uint64_t next_ping_ = 1;
  bool go_away_sent_ = false;
  bool go_away_received_ = false;
  bool closed_ = false;
};

// Makes a text fit for a frame: cut to `limit` bytes, and "?" in place of what is not printable ASCII.
std::string frame_text(std::string_view text, std::size_t limit);

// The refusal of a frame that the sender may not send, or not now.
[[nodiscard]] tl::unexpected<ProtocolError> unexpected_frame(const Frame& frame, std::string_view why);

}  // namespace baton::offload
