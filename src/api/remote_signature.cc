#include "api/remote_signature.h"

#include <algorithm>
#include <limits>

namespace baton {
namespace {

offload::Sign sign_frame(SigningRequest& request) {
  offload::Sign sign;
  sign.kind = request.kind;
  sign.scheme = request.scheme;
  sign.key = request.key;
  sign.client = request.client;
  sign.trace_id = request.trace_id;
  sign.deadline_ms = static_cast<std::uint32_t>(std::min<std::chrono::milliseconds::rep>(
      request.deadline.count(), std::numeric_limits<std::uint32_t>::max()));
  sign.input = std::move(request.input);
  return sign;
}

// Null: it waits, or the signature was moved.
template <class Answer>
const Answer* answer_of(const RemoteSignature::Inside* inside) {
  if (inside == nullptr || !inside->awaited->answer()) return nullptr;
  return std::get_if<Answer>(&*inside->awaited->answer());
}

}  // namespace

Result<RemoteSignature> ask_for_signature(LinkToKeyStore::Inside& link, SigningRequest request) {
  if (request.deadline < std::chrono::milliseconds(1)) {
    return fail(ErrorCode::invalid_argument, "the deadline has passed");
  }
  auto on_news = request.on_news ? std::move(request.on_news) : [] {};
  auto awaited = link.HandshakeLink::sign(sign_frame(request), std::move(on_news));
  if (!awaited) return pass_on(awaited);
  auto inside = std::make_unique<RemoteSignature::Inside>();
  inside->awaited = std::move(*awaited);
  return RemoteSignature(std::move(inside));
}

RemoteSignature::RemoteSignature(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
RemoteSignature::RemoteSignature(RemoteSignature&&) noexcept = default;
RemoteSignature& RemoteSignature::operator=(RemoteSignature&&) noexcept = default;
RemoteSignature::~RemoteSignature() = default;

RemoteSignature::State RemoteSignature::state() const {
  if (!inside_) return State::refused;
  if (!inside_->awaited->answer()) return State::waiting;
  return answer_of<offload::Signature>(inside_.get()) != nullptr ? State::signed_ : State::refused;
}

const Bytes& RemoteSignature::signature() const {
  static const Bytes kNone;
  const auto* answer = answer_of<offload::Signature>(inside_.get());
  return answer != nullptr ? answer->signature : kNone;
}

SigningRefusal RemoteSignature::refusal() const {
  const auto* refused = answer_of<offload::SignRefused>(inside_.get());
  return refused != nullptr ? refused->reason : SigningRefusal::link_lost;
}

const std::string& RemoteSignature::reason() const {
  static const std::string kNone;
  if (const auto* refused = answer_of<offload::SignRefused>(inside_.get())) return refused->text;
  const auto* lost = answer_of<offload::LinkLost>(inside_.get());
  return lost != nullptr ? lost->reason : kNone;
}

}  // namespace baton
