#include "baton/handshake.h"

#include <algorithm>

#include "api/inside.h"
#include "base/error.h"
#include "base/unix_time.h"
#include "handshake/handshake.h"

namespace baton {

struct Handshake::Inside {
  HandshakeStep advance(ByteView bytes);

  std::unique_ptr<handshake::Handshake> handshake;
  ConnectionSettings settings;
  HandshakeStep step = HandshakeStep::need_bytes;
  std::uint64_t fed = 0;  // bytes of the peer's stream
  Bytes behind;           // those behind the handshake
  Bytes held;             // those that came while a signature was needed, and were not used before
  UnixTime completed_at{};
};

Handshake::Handshake(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Handshake::Handshake(Handshake&&) noexcept = default;
Handshake& Handshake::operator=(Handshake&&) noexcept = default;
Handshake::~Handshake() = default;

Result<Handshake> Handshake::start(const Config& config) {
  if (config.endpoint() == nullptr) {
    return fail(ErrorCode::invalid_argument,
                "this configuration only continues connections; make one with Config::server or "
                "Config::client to do handshakes");
  }
  auto handshake = start_handshake(*config.endpoint());
  if (!handshake) return pass_on(handshake);
  return Handshake(std::unique_ptr<Inside>(
      new Inside{std::move(*handshake), ConnectionSettings(config), {}, 0, {}, {}, {}}));
}

HandshakeStep Handshake::advance(ByteView bytes) {
  return inside_ ? inside_->advance(bytes) : HandshakeStep::failed;
}

HandshakeStep Handshake::Inside::advance(ByteView bytes) {
  if (step == HandshakeStep::complete) append(behind, bytes);
  if (step == HandshakeStep::complete || step == HandshakeStep::failed) return step;
  fed += bytes.size();
  // Otherwise the handshake ends inside of these very bytes, since it has used all that came before.
  if (step == HandshakeStep::need_signature) append(held, bytes);
  const ByteView recent = step == HandshakeStep::need_signature ? ByteView(held) : bytes;
  const handshake::Progress progress = handshake->advance(bytes);
  const ByteView unused = recent.last(
      std::min<std::size_t>(recent.size(), static_cast<std::size_t>(fed - handshake->consumed())));
  switch (progress) {
    case handshake::Progress::need_bytes:
      step = HandshakeStep::need_bytes;
      break;
    case handshake::Progress::pending:  // nothing else here asks for a pause
      held = Bytes(unused.begin(), unused.end());
      step = HandshakeStep::need_signature;
      break;
    case handshake::Progress::complete:
      behind.assign(unused.begin(), unused.end());
      step = HandshakeStep::complete;
      completed_at = settings.clock();
      break;
    case handshake::Progress::failed:
      step = HandshakeStep::failed;
      break;
  }
  return step;
}

const SignatureNeeded* Handshake::needed_signature() const {
  return inside_ ? inside_->handshake->needed_signature() : nullptr;
}

void Handshake::give_signature(Bytes signature) {
  if (inside_) inside_->handshake->give_signature(std::move(signature));
}

void Handshake::refuse_signature(std::string_view why) {
  if (inside_) inside_->handshake->give_signature(fail(ErrorCode::refused, std::string(why)));
}

Bytes Handshake::take_output() {
  return inside_ ? inside_->handshake->take_output() : Bytes();
}

const Failure& Handshake::failure() const {
  static const Failure kConsumed{Alert::internal_error, false,
                                 "the handshake was moved or has become a connection"};
  return inside_ ? inside_->handshake->failure() : kConsumed;
}

const std::string& Handshake::server_name() const {
  static const std::string kNone;
  return inside_ ? inside_->handshake->summary().server_name : kNone;
}

const std::vector<std::string>& Handshake::peer_names() const {
  static const std::vector<std::string> kNone;
  return inside_ ? inside_->handshake->summary().peer_names : kNone;
}

Result<Connection> Handshake::connection() && {
  if (!inside_) return fail(ErrorCode::consumed, "the handshake was moved or has become a connection");
  if (inside_->step != HandshakeStep::complete) {
    return fail(ErrorCode::invalid_argument, "the handshake is not complete");
  }
  const std::unique_ptr<Inside> inside = std::move(inside_);
  auto state = inside->handshake->take_state();
  if (!state) return pass_on(state);
  if (is_in_range(inside->completed_at)) state->handshake_time = inside->completed_at;
  state->unsent_ciphertext = inside->handshake->take_output();
  state->unread_ciphertext = std::move(inside->behind);
  return make_connection(std::move(*state), std::move(inside->settings));
}

}  // namespace baton
