#include "baton/handshake.h"

#include "api/inside.h"
#include "base/error.h"
#include "base/unix_time.h"
#include "handshake/handshake.h"

namespace baton {

struct Handshake::Inside {
  std::unique_ptr<handshake::Handshake> handshake;
  ConnectionSettings settings;
  HandshakeStep step = HandshakeStep::need_bytes;
  std::uint64_t fed = 0;  // bytes of the peer's stream
  Bytes behind;           // those behind the handshake
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
  return Handshake(
      std::unique_ptr<Inside>(new Inside{std::move(*handshake), ConnectionSettings(config), {}, 0, {}, {}}));
}

HandshakeStep Handshake::advance(ByteView bytes) {
  if (!inside_) return HandshakeStep::failed;
  if (inside_->step != HandshakeStep::need_bytes) {
    if (inside_->step == HandshakeStep::complete) append(inside_->behind, bytes);
    return inside_->step;
  }
  inside_->fed += bytes.size();
  switch (inside_->handshake->advance(bytes)) {
    case handshake::Progress::need_bytes:
    case handshake::Progress::pending:  // never: nothing here asks for a pause
      break;
    case handshake::Progress::complete: {
      // The handshake ended inside of these very bytes, since it had used all that came before.
      const ByteView behind =
          bytes.last(static_cast<std::size_t>(inside_->fed - inside_->handshake->consumed()));
      inside_->behind.assign(behind.begin(), behind.end());
      inside_->step = HandshakeStep::complete;
      inside_->completed_at = inside_->settings.clock();
      break;
    }
    case handshake::Progress::failed:
      inside_->step = HandshakeStep::failed;
      break;
  }
  return inside_->step;
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
