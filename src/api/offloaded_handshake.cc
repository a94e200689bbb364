#include "api/offloaded_handshake.h"

#include "api/inside.h"
#include "offload/frame_codec.h"

namespace baton {
namespace {

using offload::OutcomeKind;

// Nothing here waits: the caller has the timer.
constexpr offload::TimePoint kNow{};

offload::OpenRequest open_request(OffloadRequest& request) {
  offload::OpenRequest open;
  open.client = request.client;
  open.listener = std::move(request.listener);
  open.trace_id = request.trace_id;
  return open;
}

std::function<void()> or_nothing(std::function<void()> on_news) {
  return on_news ? std::move(on_news) : [] {};
}

Failure moved() {
  return {Alert::internal_error, false, "the handshake was moved or has become a connection"};
}

}  // namespace

Result<OffloadedHandshake> open_offloaded(std::shared_ptr<LinkToKeyStore::Inside> link, const Config& config,
                                          OffloadRequest request) {
  if (config.role() != Role::server) {
    return fail(ErrorCode::wrong_role, "a key store does the handshakes of servers");
  }
  if (request.listener.size() > offload::kMaxListenerName || !offload::is_printable(request.listener)) {
    return fail(ErrorCode::invalid_argument, "the listener's name is longer than 64 bytes or not printable");
  }
  if (request.deadline < std::chrono::milliseconds(1)) {
    return fail(ErrorCode::invalid_argument, "the deadline has passed");
  }
  return OffloadedHandshake(
      std::make_unique<OffloadedHandshake::Inside>(std::move(link), config, std::move(request)));
}

OffloadedHandshake::Inside::Inside(std::shared_ptr<LinkToKeyStore::Inside> of, const Config& config_of,
                                   OffloadRequest request)
    : link(std::move(of)),
      config(config_of),
      offload(open_request(request), kNow + std::min(request.deadline, offload::kLongestTimeout), *link,
              link->picker, link->policy, or_nothing(std::move(request.on_news))) {}

OffloadedHandshake::Inside::~Inside() {
  if (takeover && step == HandshakeStep::need_bytes) offload.report({OutcomeKind::client_gone, {}, {}});
}

std::size_t OffloadedHandshake::Inside::room() const {
  if (step != HandshakeStep::need_bytes) return 0;
  return takeover ? offload::kClientWindow : offload.room();
}

void OffloadedHandshake::Inside::advance(ByteView client_bytes) {
  if (step != HandshakeStep::need_bytes) {
    if (step == HandshakeStep::complete) takeover->feed(client_bytes);
    return;
  }
  if (client_bytes.size() > room()) {
    return fail_with("byte_budget", "more bytes of the client than there was room for");
  }
  if (takeover) {
    takeover->feed(client_bytes);
  } else {
    relay(client_bytes);
  }
  if (takeover && step == HandshakeStep::need_bytes) await_finished();
}

void OffloadedHandshake::Inside::relay(ByteView client_bytes) {
  // The first bytes travel with what opens the handshake.
  begun = begun || !client_bytes.empty();
  if (!begun && !link->ended()) return;
  offload.feed(client_bytes);
  while (step == HandshakeStep::need_bytes && !takeover) {
    auto event = offload.next(kNow);
    if (!event) return;
    handle(std::move(*event));
  }
}

void OffloadedHandshake::Inside::handle(offload::OffloadEvent event) {
  if (const auto* bytes = std::get_if<offload::ServerBytes>(&event)) return give_client(bytes->bytes);
  if (auto* handoff = std::get_if<offload::Handoff>(&event)) return take_over(std::move(*handoff));
  if (auto* failed = std::get_if<offload::Failed>(&event)) return pass_on_failure(std::move(*failed));
  if (const auto* none = std::get_if<offload::NoKeyStore>(&event)) {
    return fail_with(offload::to_string(none->reason), none->text);
  }
  fail_with("link_lost", std::get<offload::LinkLost>(event).reason);
}

void OffloadedHandshake::Inside::give_client(ByteView bytes) {
  given += bytes.size();
  if (given > offload::kMaxServerBytes)
    return fail_with("link_lost", "the key store sent more than any handshake has");
  append(output, bytes);
}

void OffloadedHandshake::Inside::take_over(offload::Handoff handoff) {
  const Bytes rest = offload.take_unused();
  ImportPolicy policy = config.import_policy();
  policy.max_age.reset();  // it was made just now
  auto begun_takeover =
      offload::Takeover::begin(std::move(handoff.serialized), {Role::server, std::move(policy), config.now()},
                               ConnectionSettings(config).options);
  if (!begun_takeover) {
    offload.report({OutcomeKind::state_refused, {}, {}});
    return fail_with("state_refused", begun_takeover.error().message);
  }
  takeover.emplace(std::move(*begun_takeover));
  server_name = takeover->server_name();
  append(output, handoff.server_bytes);
  takeover->feed(rest);
}

void OffloadedHandshake::Inside::await_finished() {
  const tls::FinishedVerdict verdict = takeover->next();
  if (std::holds_alternative<tls::FinishedVerified>(verdict)) {
    offload.report({OutcomeKind::established, {}, {}});
    step = HandshakeStep::complete;
  } else if (const auto* why = std::get_if<tls::Failure>(&verdict)) {
    append(output, takeover->take_output());
    offload.report(offload::outcome_of(*why));
    fail_as(offload::to_string(offload::failure_reason_of(*why)), *why);
  }
}

void OffloadedHandshake::Inside::pass_on_failure(offload::Failed failed) {
  server_name = std::move(failed.server_name);
  const std::string_view kind = offload::to_string(failed.reason);
  if (!offload::is_tls_alert(failed.reason) && failed.server_bytes.empty())
    return fail_with(kind, std::move(failed.text));
  append(output, failed.server_bytes);
  fail_as(kind, {failed.alert, failed.reason == offload::FailureReason::tls_alert_received,
                 std::move(failed.text)});
}

// A failure that is not TLS's. Once the server's flight has begun, the client's keys are the key store's, and
// there is no alert that the client would believe.
void OffloadedHandshake::Inside::fail_with(std::string_view failed_as, std::string reason) {
  const bool is_plain = !takeover && offload.client_takes_plaintext();
  if (is_plain) append(output, tls::plaintext_alert(Alert::internal_error));
  fail_as(failed_as, {Alert::internal_error, false, std::move(reason)});
}

void OffloadedHandshake::Inside::fail_as(std::string_view failed_as, Failure why) {
  step = HandshakeStep::failed;
  failure_kind = failed_as;
  failure = std::move(why);
}

Result<Connection> OffloadedHandshake::Inside::connection() {
  auto made = std::move(*takeover).into_connection();
  if (!made) return pass_on(made);
  Connection whole(std::unique_ptr<Connection::Inside>(
      new Connection::Inside{std::move(*made), ConnectionSettings(config)}));
  return with_unsent_in_front(std::move(whole), output);
}

OffloadedHandshake::OffloadedHandshake(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
OffloadedHandshake::OffloadedHandshake(OffloadedHandshake&&) noexcept = default;
OffloadedHandshake& OffloadedHandshake::operator=(OffloadedHandshake&&) noexcept = default;
OffloadedHandshake::~OffloadedHandshake() = default;

std::size_t OffloadedHandshake::room() const {
  return inside_ ? inside_->room() : 0;
}

HandshakeStep OffloadedHandshake::advance(ByteView client_bytes) {
  if (!inside_) return HandshakeStep::failed;
  inside_->advance(client_bytes);
  return inside_->step;
}

Bytes OffloadedHandshake::take_output() {
  return inside_ ? std::exchange(inside_->output, {}) : Bytes();
}

const Failure& OffloadedHandshake::failure() const {
  static const Failure kMoved = moved();
  return inside_ ? inside_->failure : kMoved;
}

std::string_view OffloadedHandshake::failure_kind() const {
  return inside_ ? inside_->failure_kind : std::string_view();
}

const std::string& OffloadedHandshake::server_name() const {
  static const std::string kNone;
  return inside_ ? inside_->server_name : kNone;
}

Result<Connection> OffloadedHandshake::connection() && {
  if (!inside_) return fail(ErrorCode::consumed, moved().reason);
  if (inside_->step != HandshakeStep::complete) {
    return fail(ErrorCode::invalid_argument, "the handshake is not complete");
  }
  const std::unique_ptr<Inside> inside = std::move(inside_);
  return inside->connection();
}

}  // namespace baton
