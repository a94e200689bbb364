#include "offload/link_core.h"

#include <algorithm>

#include "offload/text.h"

namespace baton::offload {
namespace {

using serialization::SerializationVersion;

ErrorCode error_code(LinkErrorCode code) {
  switch (code) {
    case LinkErrorCode::protocol_version:
    case LinkErrorCode::serialization_version:
      return ErrorCode::unsupported_version;
    case LinkErrorCode::frame_too_large:
    case LinkErrorCode::too_many_handshakes:
    case LinkErrorCode::output_overflow:
      return ErrorCode::limit_exceeded;
    default:
      return ErrorCode::malformed;
  }
}

Hello make_hello(const LinkLimits& limits, const HelloInfo& info, std::uint64_t capabilities) {
  Hello hello;
  hello.newest_readable = static_cast<std::uint16_t>(info.newest_readable);
  hello.capabilities = capabilities;
  hello.max_payload = limits.max_payload;
  hello.max_in_flight = limits.max_in_flight;
  hello.software = frame_text(info.software, kMaxSoftwareText);
  return hello;
}

LinkLimits checked(LinkLimits limits) {
  limits.max_payload =
      std::clamp(limits.max_payload, kSmallestMaxPayload, static_cast<std::uint32_t>(kMaxFramePayload));
  return limits;
}

}  // namespace

std::string frame_text(std::string_view text, std::size_t limit) {
  std::string result(text.substr(0, limit));
  for (char& letter : result) {
    if (!is_printable({&letter, 1})) letter = '?';
  }
  return result;
}

tl::unexpected<ProtocolError> unexpected_frame(const Frame& frame, std::string_view why) {
  return broken(LinkErrorCode::unexpected_frame, concat(type_of(frame.body), " for ", frame.id, ": ", why));
}

Result<SerializationVersion> written_version(SerializationVersion configured,
                                             std::uint16_t newest_readable_by_peer) {
  if (configured == SerializationVersion::none) {
    return fail(
        ErrorCode::refused,
        "serialization is off at this key store: set serialization_version there, or give this application "
        "server \"signing\" in application_server.offload");
  }
  if (newest_readable_by_peer == 0) {
    return fail(ErrorCode::unsupported_version, "the application server reads no serialization version");
  }
  return static_cast<SerializationVersion>(
      std::min(static_cast<std::uint16_t>(configured), newest_readable_by_peer));
}

LinkCore::LinkCore(const LinkLimits& limits, const HelloInfo& info)
    : limits_(checked(limits)),
      capabilities_(info.capabilities & kAllCapabilities),
      decoder_(limits_.max_payload, FrameDecoder::First::hello) {
  static_cast<void>(send(HandshakeId::link, make_hello(limits_, info, capabilities_)));
}

Result<void> LinkCore::receive(ByteView bytes) {
  if (closed_) return fail(ErrorCode::refused, "link: it has ended");
  while (!closed_) {
    FrameResult<std::optional<Frame>> frame = decoder_.next(bytes);
    if (frame && !*frame) return {};
    FrameResult<void> handled =
        frame ? handle(std::move(**frame))
              : FrameResult<void>(tl::unexpected<ProtocolError>(std::move(frame.error())));
    if (!handled) {
      const ProtocolError& error = handled.error();
      end_link(error.code, error.text);
      return fail(error_code(error.code), concat("link: ", to_string(error.code), ": ", error.text));
    }
  }
  return {};
}

FrameResult<void> LinkCore::handle(Frame frame) {
  if (frame.id == HandshakeId::link) return handle_link_frame(std::move(frame.body));
  return on_handshake_frame(std::move(frame));
}

FrameResult<void> LinkCore::handle_link_frame(FrameBody body) {
  if (auto* hello = std::get_if<Hello>(&body)) return handle_hello(std::move(*hello));
  if (auto* ping = std::get_if<Ping>(&body)) {
    Result<void> sent = send(HandshakeId::link, Pong{ping->value});
    if (!sent) return broken(LinkErrorCode::output_overflow, std::move(sent.error().message));
  } else if (auto* pong = std::get_if<Pong>(&body)) {
    return handle_pong(*pong);
  } else if (auto* go_away = std::get_if<GoAway>(&body)) {
    go_away_received_ = true;
    on_event(std::move(*go_away));
  } else if (auto* error = std::get_if<LinkError>(&body)) {
    closed_ = true;
    on_event(std::move(*error));
  }
  return {};
}

FrameResult<void> LinkCore::handle_hello(Hello hello) {
  if (peer_) return broken(LinkErrorCode::unexpected_frame, "a second HELLO");
  FrameResult<void> accepted = on_hello(hello);
  if (!accepted) return accepted;
  peer_ = hello;
  on_event(std::move(hello));
  return {};
}

FrameResult<void> LinkCore::handle_pong(Pong pong) {
  if (pings_.empty() || pings_.front() != pong.value) {
    return broken(LinkErrorCode::unexpected_frame, "a PONG that answers no PING");
  }
  pings_.pop_front();
  on_event(pong);
  return {};
}

Result<std::uint64_t> LinkCore::ping() {
  if (!ready()) return fail(ErrorCode::refused, "link: it is not ready");
  if (pings_.size() >= kMaxPingsOutstanding)
    return fail(ErrorCode::limit_exceeded, "link: pings are unanswered");
  Result<void> sent = send(HandshakeId::link, Ping{next_ping_});
  if (!sent) return pass_on(sent);
  pings_.push_back(next_ping_);
  return next_ping_++;
}

void LinkCore::go_away(std::string_view reason) {
  if (go_away_sent_) return;
  go_away_sent_ = send(HandshakeId::link, GoAway{frame_text(reason, kMaxReasonText)}).has_value();
}

void LinkCore::end_link(LinkErrorCode code, std::string_view text) {
  if (closed_) return;
  closed_ = true;
  // Past the limit on purpose: it is the last frame, and small.
  static_cast<void>(encode({HandshakeId::link, LinkError{code, frame_text(text, kMaxReasonText)}},
                           kSmallestMaxPayload, output_.buffer()));
}

Result<void> LinkCore::send(HandshakeId id, FrameBody body) {
  if (closed_) return fail(ErrorCode::refused, "link: it has ended");
  Result<void> encoded = encode({id, std::move(body)}, peer_max_payload(), output_.buffer());
  if (!encoded) return encoded;
  if (output_.size() > limits_.output_limit) {
    end_link(LinkErrorCode::output_overflow, "the peer does not read what we send");
    return fail(ErrorCode::limit_exceeded, "link: output_overflow: the peer does not read what we send");
  }
  return {};
}

bool LinkCore::agreed(std::uint64_t capability) const {
  return peer_.has_value() && (capabilities_ & peer_->capabilities & capability) != 0;
}

std::size_t LinkCore::peer_max_payload() const {
  return std::min(std::size_t{peer_ ? peer_->max_payload : kSmallestMaxPayload}, kMaxFramePayload);
}

}  // namespace baton::offload
