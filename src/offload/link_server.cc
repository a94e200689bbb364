#include "offload/link_server.h"

#include <algorithm>

#include "offload/text.h"

namespace baton::offload {
namespace {

constexpr std::size_t kServerBytesFixedSize = 8;      // bytes of SERVER_BYTES before the bytes
constexpr std::size_t kHandoffFixedSize = 1 + 8 + 4;  // bytes of HANDOFF besides server bytes and connection
constexpr std::size_t kFailedFixedSize = 1 + 1 + 8 + 4 + 2;  // bytes of FAILED besides server bytes and texts

tl::unexpected<Error> does_not_run() {
  return fail(ErrorCode::invalid_argument, "link: the handshake does not run");
}

// Cuts off and returns the front of `bytes`, so that at most `room` bytes stay.
Bytes cut_front(Bytes& bytes, std::size_t room) {
  if (bytes.size() <= room) return {};
  const auto middle = bytes.end() - static_cast<std::ptrdiff_t>(room);
  Bytes front(bytes.begin(), middle);
  bytes.erase(bytes.begin(), middle);
  return front;
}

}  // namespace

std::optional<ServerEvent> LinkServer::next_event() {
  if (events_.empty()) return std::nullopt;
  std::optional<ServerEvent> event(std::move(events_.front()));
  events_.pop_front();
  return event;
}

bool LinkServer::is_running(HandshakeId id) const {
  const auto found = handshakes_.find(id);
  return found != handshakes_.end() && found->second == Stage::running;
}

Result<void> LinkServer::server_bytes(HandshakeId id, std::uint64_t consumed, ByteView bytes) {
  if (!is_running(id)) return does_not_run();
  do {
    const ByteView part = bytes.first(std::min(bytes.size(), peer_max_payload() - kServerBytesFixedSize));
    bytes = bytes.subspan(part.size());
    if (Result<void> sent = send(id, ServerBytes{consumed, {part.begin(), part.end()}}); !sent) return sent;
  } while (!bytes.empty());
  return {};
}

Result<void> LinkServer::handoff(HandshakeId id, Handoff handoff) {
  if (!is_running(id)) return does_not_run();
  const std::size_t room = peer_max_payload() - kHandoffFixedSize;
  if (handoff.serialized.size() > room) {
    return fail(ErrorCode::limit_exceeded,
                "link: the peer takes no frame as large as the serialized connection");
  }
  const Bytes front = cut_front(handoff.server_bytes, room - handoff.serialized.size());
  if (!front.empty()) {
    if (Result<void> sent = server_bytes(id, handoff.consumed, front); !sent) return sent;
  }
  Result<void> sent = send(id, std::move(handoff));
  if (sent) handshakes_[id] = Stage::handed_off;
  return sent;
}

Result<void> LinkServer::fail_handshake(HandshakeId id, Failed failed) {
  if (!is_running(id)) return does_not_run();
  failed.server_name = frame_text(failed.server_name, kMaxServerName);
  failed.text = frame_text(failed.text, kMaxReasonText);
  const std::size_t texts = failed.server_name.size() + failed.text.size();
  const Bytes front = cut_front(failed.server_bytes, peer_max_payload() - kFailedFixedSize - texts);
  if (!front.empty()) {
    if (Result<void> sent = server_bytes(id, failed.consumed, front); !sent) return sent;
  }
  handshakes_.erase(id);
  return send(id, std::move(failed));
}

Result<void> LinkServer::signature(HandshakeId id, Bytes signature) {
  if (!awaits_signature(id)) return fail(ErrorCode::invalid_argument, "link: no signature is awaited");
  Result<void> sent = send(id, Signature{std::move(signature)});
  if (sent) signatures_.erase(id);
  return sent;
}

Result<void> LinkServer::refuse_signature(HandshakeId id, SigningRefusal reason, std::string_view text) {
  if (signatures_.erase(id) == 0) return fail(ErrorCode::invalid_argument, "link: no signature is awaited");
  return send(id, SignRefused{reason, frame_text(text, kMaxReasonText)});
}

FrameResult<void> LinkServer::on_hello(const Hello& hello) {
  const bool signs = offers(kSigning) && (hello.capabilities & kSigning) != 0;
  if (!offers(kSerializationOffload) && signs) return {};
  auto version = written_version(configured_, hello.newest_readable);
  if (version) version_to_write_ = *version;
  if (version || signs) return {};
  return broken(LinkErrorCode::serialization_version, version.error().message);
}

// What OPEN and SIGN have in common: a new id.
FrameResult<void> LinkServer::take_id(const Frame& frame) {
  const auto id = static_cast<std::uint32_t>(frame.id);
  if (id <= last_id_) {
    return broken(LinkErrorCode::unknown_handshake,
                  concat(type_of(frame.body), " of ", frame.id, " after ", last_id_));
  }
  if (go_away_received()) return unexpected_frame(frame, "the application server is going away");
  if (in_flight() >= limits().max_in_flight) {
    return broken(LinkErrorCode::too_many_handshakes, concat(in_flight(), " are in flight"));
  }
  last_id_ = id;
  return {};
}

FrameResult<void> LinkServer::on_open(Frame frame) {
  if (FrameResult<void> taken = take_id(frame); !taken) return taken;
  if (!can_offload() || version_to_write_ == serialization::SerializationVersion::none) {
    return unexpected_frame(frame, "serialization offload was not agreed on");
  }
  handshakes_.emplace(frame.id, Stage::running);
  events_.emplace_back(Received<Open>{frame.id, std::move(std::get<Open>(frame.body))});
  return {};
}

FrameResult<void> LinkServer::on_sign(Frame frame) {
  if (FrameResult<void> taken = take_id(frame); !taken) return taken;
  if (!can_sign()) return unexpected_frame(frame, "signing was not agreed on");
  signatures_.insert(frame.id);
  events_.emplace_back(Received<Sign>{frame.id, std::move(std::get<Sign>(frame.body))});
  return {};
}

FrameResult<void> LinkServer::on_signature_frame(const Frame& frame) {
  const auto* cancel = std::get_if<Cancel>(&frame.body);
  if (cancel == nullptr) return unexpected_frame(frame, "a signature was asked for");
  signatures_.erase(frame.id);
  events_.emplace_back(Received<Cancel>{frame.id, *cancel});
  return {};
}

FrameResult<void> LinkServer::on_handshake_frame(Frame frame) {
  if (std::holds_alternative<Open>(frame.body)) return on_open(std::move(frame));
  if (std::holds_alternative<Sign>(frame.body)) return on_sign(std::move(frame));

  auto* bytes = std::get_if<ClientBytes>(&frame.body);
  auto* cancel = std::get_if<Cancel>(&frame.body);
  auto* outcome = std::get_if<Outcome>(&frame.body);
  if (bytes == nullptr && cancel == nullptr && outcome == nullptr) {
    return unexpected_frame(frame, "an application server does not send it");
  }
  if (static_cast<std::uint32_t>(frame.id) > last_id_) {
    return broken(LinkErrorCode::unknown_handshake,
                  concat(type_of(frame.body), " for ", frame.id, ", which was never opened"));
  }
  if (awaits_signature(frame.id)) return on_signature_frame(frame);
  const auto found = handshakes_.find(frame.id);
  if (found == handshakes_.end()) return {};  // it crossed our FAILED, or the answer to a SIGN
  if (bytes != nullptr) {
    // After HANDOFF they crossed it, and belong to the connection, which the application server has.
    if (found->second == Stage::running)
      events_.emplace_back(Received<ClientBytes>{frame.id, std::move(*bytes)});
    return {};
  }
  if (outcome != nullptr && found->second == Stage::running) {
    return unexpected_frame(frame, "it was not handed off");
  }
  handshakes_.erase(found);
  if (cancel != nullptr) events_.emplace_back(Received<Cancel>{frame.id, *cancel});
  if (outcome != nullptr) events_.emplace_back(Received<Outcome>{frame.id, *outcome});
  return {};
}

}  // namespace baton::offload
