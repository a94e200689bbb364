#include "api/link_to_key_store.h"

#include <array>

#include "api/offloaded_handshake.h"
#include "api/remote_signature.h"

namespace baton {
namespace {

offload::LinkLimits limits_of(const LinkOptions& options) {
  offload::LinkLimits limits;
  limits.max_in_flight = options.max_in_flight;
  return limits;
}

// There is no other key store, so nothing is asked a second time and nothing is waited for.
offload::OffloadPolicy one_attempt() {
  offload::OffloadPolicy policy;
  policy.max_attempts = 1;
  policy.wait_for_link = {};
  return policy;
}

constexpr std::array<unsigned, 1> kOneStore{0};

}  // namespace

LinkToKeyStore::Inside::Inside(std::optional<Connection> tls, const LinkOptions& options)
    : HandshakeLink(limits_of(options), offload::HelloInfo{options.software}),
      stream(std::move(tls)),
      picker(kOneStore, 0),
      policy(one_attempt()) {}

Result<void> LinkToKeyStore::Inside::receive_stream(ByteView bytes) {
  if (ended()) return fail(ErrorCode::refused, "link: it has ended: " + end_reason);
  Result<void> received =
      stream.receive(bytes, [this](ByteView part) { return HandshakeLink::receive(part); });
  if (!received) {
    end(received.error().message);
  } else if (stream.peer_closed()) {
    end("the key store closed the link");
  }
  return received;
}

void LinkToKeyStore::Inside::end(std::string_view reason) {
  if (ended()) return;
  end_reason = reason.empty() ? "the link was closed" : reason;
  picker.set_usable(0, false);
  lose_handshakes(end_reason);
}

Result<std::unique_ptr<offload::RemoteHandshake>> LinkToKeyStore::Inside::open(
    offload::KeyStoreIndex /*store*/, offload::OpenRequest request, std::function<void()> on_news) {
  return HandshakeLink::open(std::move(request), std::move(on_news));
}

// What was queued just now may have ended the link: output_overflow.
void LinkToKeyStore::Inside::on_output() {
  if (client().closed()) end("the key store does not read what is sent");
}

void LinkToKeyStore::Inside::on_news(offload::LinkNews news) {
  if (const auto* error = std::get_if<offload::LinkError>(&news)) {
    end("the key store ended the link: " + error->text);
  }
  picker.set_usable(0, usable());
}

LinkToKeyStore::LinkToKeyStore(std::shared_ptr<Inside> inside) : inside_(std::move(inside)) {}
LinkToKeyStore::LinkToKeyStore(LinkToKeyStore&&) noexcept = default;
LinkToKeyStore& LinkToKeyStore::operator=(LinkToKeyStore&& other) noexcept {
  if (this != &other) {
    end({});
    inside_ = std::move(other.inside_);
  }
  return *this;
}
LinkToKeyStore::~LinkToKeyStore() {
  end({});
}

Result<LinkToKeyStore> LinkToKeyStore::over(Connection connection, const LinkOptions& options) {
  if (auto checked = check_link_connection(connection, Role::client); !checked) return pass_on(checked);
  LinkToKeyStore link(std::make_shared<Inside>(std::move(connection), options));
  // What came with the end of its handshake. An error shows in end_reason().
  static_cast<void>(link.receive({}));
  return link;
}

LinkToKeyStore LinkToKeyStore::over_unprotected(const LinkOptions& options) {
  return LinkToKeyStore(std::make_shared<Inside>(std::nullopt, options));
}

Result<void> LinkToKeyStore::receive(ByteView bytes) {
  if (!inside_) return fail(ErrorCode::consumed, "the link was moved");
  return inside_->receive_stream(bytes);
}

ByteView LinkToKeyStore::output() {
  return inside_ ? inside_->output_of_stream() : ByteView();
}

void LinkToKeyStore::output_sent(std::size_t count) {
  if (inside_) inside_->output_of_stream_sent(count);
}

Result<OffloadedHandshake> LinkToKeyStore::open(const Config& config, OffloadRequest request) {
  if (!inside_) return fail(ErrorCode::consumed, "the link was moved");
  if (inside_->ended()) return fail(ErrorCode::refused, "link: it has ended: " + inside_->end_reason);
  if (!inside_->client().ready()) {
    return fail(ErrorCode::refused, "link: the key store has not said HELLO yet");
  }
  if (inside_->client().going_away()) return fail(ErrorCode::refused, "link: it is going away");
  return open_offloaded(inside_, config, std::move(request));
}

Result<RemoteSignature> LinkToKeyStore::sign(SigningRequest request) {
  if (!inside_) return fail(ErrorCode::consumed, "the link was moved");
  if (inside_->ended()) return fail(ErrorCode::refused, "link: it has ended: " + inside_->end_reason);
  return ask_for_signature(*inside_, std::move(request));
}

bool LinkToKeyStore::signs() const {
  return ready() && inside_->client().can_sign();
}

bool LinkToKeyStore::ready() const {
  return inside_ && inside_->client().ready() && !inside_->ended();
}

bool LinkToKeyStore::going_away() const {
  return inside_ && inside_->client().going_away();
}

void LinkToKeyStore::go_away(std::string_view reason) {
  if (!inside_) return;
  inside_->client().go_away(reason);
  inside_->on_output();
  inside_->picker.set_usable(0, false);
}

bool LinkToKeyStore::finished() const {
  return !inside_ || inside_->finished();
}

const std::string& LinkToKeyStore::end_reason() const {
  static const std::string kMoved = "the link was moved";
  return inside_ ? inside_->end_reason : kMoved;
}

std::size_t LinkToKeyStore::in_flight() const {
  return inside_ && !inside_->ended() ? inside_->client().in_flight() : 0;
}

Result<void> LinkToKeyStore::ping() {
  if (!inside_ || inside_->ended()) return fail(ErrorCode::refused, "link: it has ended");
  const auto number = inside_->client().ping();
  inside_->on_output();
  if (!number) return tl::unexpected(number.error());
  return {};
}

std::size_t LinkToKeyStore::unanswered_pings() const {
  return inside_ ? inside_->client().unanswered_pings() : 0;
}

void LinkToKeyStore::end(std::string_view reason) {
  if (inside_) inside_->end(reason);
}

}  // namespace baton
