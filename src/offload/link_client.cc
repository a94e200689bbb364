#include "offload/link_client.h"

#include <algorithm>
#include <limits>

#include "offload/text.h"

namespace baton::offload {
namespace {

constexpr std::size_t kOpenFixedSize = 16 + 2 + 1 + 16 + 4 + 1;  // bytes of OPEN besides its texts and bytes

Bytes copy(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

// Takes the first bytes of `rest`, as many as fit.
ByteView take_front(ByteView& rest, std::size_t size) {
  const ByteView front = rest.first(std::min(size, rest.size()));
  rest = rest.subspan(front.size());
  return front;
}

std::uint32_t deadline_ms(std::chrono::milliseconds deadline) {
  return static_cast<std::uint32_t>(std::clamp<std::chrono::milliseconds::rep>(
      deadline.count(), 0, std::numeric_limits<std::uint32_t>::max()));
}

// Whether an event is about that handshake.
bool is_about(const ClientEvent& event, HandshakeId id) {
  return std::visit(
      [id](const auto& value) {
        if constexpr (requires { value.id; }) {
          return value.id == id;
        } else {
          return false;
        }
      },
      event);
}

}  // namespace

std::optional<ClientEvent> LinkClient::next_event() {
  if (events_.empty()) return std::nullopt;
  std::optional<ClientEvent> event(std::move(events_.front()));
  events_.pop_front();
  return event;
}

// What a handshake and a signature need alike.
Result<void> LinkClient::check_new() const {
  if (!ready()) return fail(ErrorCode::refused, "link: it is not ready");
  if (going_away()) return fail(ErrorCode::refused, "link: it is going away");
  if (last_id_ == std::numeric_limits<std::uint32_t>::max()) {
    return fail(ErrorCode::refused, "link: its handshake ids are used up");
  }
  if (in_flight() >= std::min(peer().max_in_flight, limits().max_in_flight)) {
    return fail(ErrorCode::limit_exceeded, "link: too many handshakes are in flight");
  }
  if (output_is_high()) return fail(ErrorCode::limit_exceeded, "link: the key store does not keep up");
  return {};
}

Result<void> LinkClient::check_open(const OpenRequest& request) const {
  if (Result<void> checked = check_new(); !checked) return checked;
  if (!can_offload())
    return fail(ErrorCode::refused, "link: the key store does not offer serialization offload");
  if (request.first_bytes.size() > kClientWindow) {
    return fail(ErrorCode::invalid_argument, "link: first_bytes is larger than the window");
  }
  return {};
}

Result<HandshakeId> LinkClient::open(OpenRequest request) {
  if (Result<void> checked = check_open(request); !checked) return pass_on(checked);
  ByteView rest = request.first_bytes;
  Open open;
  open.client = request.client;
  open.listener = std::move(request.listener);
  open.trace_id = request.trace_id;
  open.deadline_ms = deadline_ms(request.deadline);
  open.first_bytes = copy(take_front(rest, peer_max_payload() - kOpenFixedSize - kMaxListenerName));

  const auto id = static_cast<HandshakeId>(last_id_ + 1);
  Stream stream;
  stream.sent = open.first_bytes.size();
  if (Result<void> sent = send(id, std::move(open)); !sent) return pass_on(sent);
  ++last_id_;
  if (Result<void> sent = send_stream(id, stream, rest); !sent) return pass_on(sent);
  handshakes_.emplace(id, stream);
  return id;
}

Result<HandshakeId> LinkClient::sign(Sign request) {
  if (Result<void> checked = check_new(); !checked) return pass_on(checked);
  if (!can_sign()) return fail(ErrorCode::refused, "link: the key store does not sign for this one");
  const auto id = static_cast<HandshakeId>(last_id_ + 1);
  if (Result<void> sent = send(id, std::move(request)); !sent) return pass_on(sent);
  ++last_id_;
  signatures_.insert(id);
  return id;
}

std::size_t LinkClient::client_window(HandshakeId id) const {
  const auto found = handshakes_.find(id);
  if (found == handshakes_.end() || found->second.handed_off || closed() || output_is_high()) return 0;
  return static_cast<std::size_t>(kClientWindow - (found->second.sent - found->second.consumed));
}

Result<void> LinkClient::client_bytes(HandshakeId id, ByteView bytes) {
  const auto found = handshakes_.find(id);
  if (found == handshakes_.end() || found->second.handed_off) {
    return fail(ErrorCode::invalid_argument, "link: the handshake does not run");
  }
  if (bytes.size() > client_window(id))
    return fail(ErrorCode::limit_exceeded, "link: over the client window");
  return send_stream(id, found->second, bytes);
}

Result<void> LinkClient::send_stream(HandshakeId id, Stream& stream, ByteView bytes) {
  while (!bytes.empty()) {
    const ByteView part = take_front(bytes, peer_max_payload());
    if (Result<void> sent = send(id, ClientBytes{copy(part)}); !sent) return sent;
    stream.sent += part.size();
  }
  return {};
}

void LinkClient::cancel(HandshakeId id, CancelReason reason) {
  if (handshakes_.erase(id) + signatures_.erase(id) == 0) return;
  std::erase_if(events_, [id](const ClientEvent& event) { return is_about(event, id); });
  static_cast<void>(send(id, Cancel{reason}));
}

Result<void> LinkClient::report(HandshakeId id, const Outcome& outcome) {
  const auto found = handshakes_.find(id);
  if (found == handshakes_.end() || !found->second.handed_off) {
    return fail(ErrorCode::invalid_argument, "link: the handshake was not handed off");
  }
  Result<void> sent = send(id, outcome);
  if (sent) handshakes_.erase(found);
  return sent;
}

FrameResult<void> LinkClient::on_hello(const Hello& /*hello*/) {
  return {};
}

FrameResult<void> LinkClient::on_handshake_frame(Frame frame) {
  if (static_cast<std::uint32_t>(frame.id) > last_id_) {
    return broken(LinkErrorCode::unknown_handshake,
                  concat(type_of(frame.body), " for ", frame.id, ", which was never opened"));
  }
  if (signatures_.contains(frame.id)) return on_signature_frame(std::move(frame));
  const auto stream = handshakes_.find(frame.id);
  if (auto* body = std::get_if<ServerBytes>(&frame.body)) return take(stream, *body);
  if (auto* body = std::get_if<Handoff>(&frame.body)) return take(stream, *body);
  if (auto* body = std::get_if<Failed>(&frame.body)) return take(stream, *body);
  const bool answers_sign =
      std::holds_alternative<Signature>(frame.body) || std::holds_alternative<SignRefused>(frame.body);
  if (!answers_sign) return unexpected_frame(frame, "a key store does not send it");
  if (stream != handshakes_.end()) return unexpected_frame(frame, "no signature was asked for");
  return {};  // it crossed our CANCEL
}

FrameResult<void> LinkClient::on_signature_frame(Frame frame) {
  const HandshakeId id = frame.id;
  if (auto* signature = std::get_if<Signature>(&frame.body)) {
    events_.emplace_back(Received<Signature>{id, std::move(*signature)});
  } else if (auto* refused = std::get_if<SignRefused>(&frame.body)) {
    events_.emplace_back(Received<SignRefused>{id, std::move(*refused)});
  } else {
    return unexpected_frame(frame, "a signature was asked for");
  }
  signatures_.erase(id);
  return {};
}

template <class Body>
FrameResult<void> LinkClient::take(Streams::iterator stream, Body& body) {
  // It crossed our CANCEL.
  if (stream == handshakes_.end()) return {};
  const HandshakeId id = stream->first;
  if (stream->second.handed_off) {
    return broken(LinkErrorCode::unexpected_frame, "a frame for a handshake that was handed off");
  }
  if (body.consumed < stream->second.consumed || body.consumed > stream->second.sent) {
    return broken(LinkErrorCode::bad_count,
                  concat(id, ": consumed ", body.consumed, " of ", stream->second.sent, " bytes"));
  }
  stream->second.consumed = body.consumed;
  if constexpr (std::is_same_v<Body, Handoff>) stream->second.handed_off = true;
  if constexpr (std::is_same_v<Body, Failed>) handshakes_.erase(stream);
  events_.emplace_back(Received<Body>{id, std::move(body)});
  return {};
}

}  // namespace baton::offload
