#include "proxy/client_handshake.h"

#include <algorithm>

namespace baton::proxy {
namespace {

using std::chrono::steady_clock;

// How long the key store may take over the last bytes of a client that has ended its stream. They may be a
// Finished with a whole request behind it (R2), or an alert that the operator wants to know of (R8).
constexpr auto kLastAnswerTimeout = std::chrono::seconds(2);

}  // namespace

ClientHandshake::ClientHandshake(SessionContext& context, net::Socket& client,
                                 const offload::ClientAddress& address, const std::string& listener,
                                 const offload::TraceId& trace_id)
    : context_(context),
      client_(client),
      address_(address),
      listener_(listener),
      trace_id_(trace_id),
      news_(client.get_executor()),
      readable_(client, net::Socket::wait_read, [this] { news_.notify(); }) {}

net::Task<ClientHandshake::Finished> ClientHandshake::run() {
  first_byte_ = steady_clock::now();
  ends_at_ = first_byte_ + context_.config.limits.handshake_timeout;
  if (!co_await wait_for_first_bytes()) co_return tl::unexpected(lost("the client sent nothing"));
  place_ = context_.handshakes.take(0);
  if (!place_) {
    co_return tl::unexpected(co_await refuse(offload::FailureReason::overloaded,
                                             "limits.max_handshakes of this proxy are under way"));
  }
  begin();
  while (!is_late() && !stopped_) {
    offload_->feed(std::exchange(read_, {}));
    while (auto event = offload_->next(steady_clock::now())) {
      if (auto finished = co_await handle(std::move(*event))) co_return std::move(*finished);
    }
    context_.key_stores.note(offload_->take_failed_attempts(), trace_id_);
    if (!co_await wait_for_more()) break;
  }
  co_return tl::unexpected(lost("the client closed the connection during its handshake"));
}

void ClientHandshake::stop() {
  stopped_ = true;
  net::reset(client_);
  news_.notify();
}

void ClientHandshake::expire(steady_clock::time_point now) {
  if (now >= ends_at_ + kGrace) net::reset(client_);
}

// False: the client is gone, or late.
net::Task<bool> ClientHandshake::wait_for_first_bytes() {
  while (read_.empty()) {
    co_await wait_for_news(Listen::to_client, ends_at_);
    if (is_late() || stopped_ || !read_if_ready() || (client_ended_ && read_.empty())) co_return false;
  }
  co_return true;
}

void ClientHandshake::begin() {
  first_byte_ = steady_clock::now();
  offload::OpenRequest request;
  request.client = address_;
  request.listener = listener_;
  request.trace_id = trace_id_;
  offload_.emplace(std::move(request), ends_at_, context_.key_stores, context_.key_stores.picker(),
                   context_.config.links.policy, [this] { news_.notify(); });
}

bool ClientHandshake::read_client() {
  const std::size_t before = read_.size();
  read_.resize(before + kReadSize);
  const auto count = net::try_read(client_, MutableBytes(read_).subspan(before));
  const bool broken = count && !*count;
  read_.resize(before + (count && !broken ? **count : 0));
  if (count && !broken && **count == 0) client_ended_ = steady_clock::now();
  return !broken;
}

bool ClientHandshake::read_if_ready() {
  return !readable_.has_come() || read_client();
}

net::Task<> ClientHandshake::wait_for_news(Listen listen, steady_clock::time_point deadline) {
  if (listen == Listen::to_client) readable_.watch();
  return news_.wait_until(deadline);
}

// Until there is something new. False when it is in vain.
net::Task<bool> ClientHandshake::wait_for_more() {
  auto deadline = std::min(ends_at_, offload_->next_deadline().value_or(ends_at_));
  if (client_ended_) {
    const auto give_up_at = *client_ended_ + kLastAnswerTimeout;
    // Without unused bytes there is no Finished to come.
    if (offload_->unused() == 0 || steady_clock::now() >= give_up_at) co_return false;
    co_await wait_for_news(Listen::to_others, std::min(deadline, give_up_at));
    co_return true;
  }
  // A client that sends this much during its handshake is not read meanwhile.
  const bool has_room = offload_->room() >= kReadSize;
  co_await wait_for_news(has_room ? Listen::to_client : Listen::to_others, deadline);
  co_return !has_room || read_if_ready();
}

net::Task<std::optional<ClientHandshake::Finished>> ClientHandshake::handle(offload::OffloadEvent event) {
  context_.key_stores.note(offload_->take_failed_attempts(), trace_id_);
  if (auto* bytes = std::get_if<offload::ServerBytes>(&event)) {
    relayed_out_ += bytes->bytes.size();
    if (auto sent = co_await net::write_all(client_, bytes->bytes); !sent) {
      co_return Finished(tl::unexpected(lost(sent.error().message)));
    }
    co_return std::nullopt;
  }
  if (auto* handoff = std::get_if<offload::Handoff>(&event))
    co_return co_await take_over(std::move(*handoff));
  HandshakeFailure failure;
  if (const auto* failed = std::get_if<offload::Failed>(&event)) {
    failure = co_await pass_on_failure(*failed);
  } else if (const auto* none = std::get_if<offload::NoKeyStore>(&event)) {
    if (none->reason == offload::FailureReason::overloaded) {
      failure = co_await refuse(offload::FailureReason::overloaded, none->text);
    } else {
      failure = co_await fail("no_key_store", none->text, tls::Alert::internal_error);
    }
  } else {
    failure =
        co_await fail("link_lost", std::get<offload::LinkLost>(event).reason, tls::Alert::internal_error);
  }
  co_return Finished(tl::unexpected(std::move(failure)));
}

net::Task<HandshakeFailure> ClientHandshake::pass_on_failure(const offload::Failed& failed) {
  const std::string reason(offload::to_string(failed.reason));
  HandshakeFailure failure{reason, failed.text};
  if (offload::is_refusal(failed.reason)) {
    failure = co_await refuse(failed.reason, failed.text);
  } else if (!offload::is_tls_alert(failed.reason) && failed.server_bytes.empty()) {
    failure = co_await fail(reason, failed.text, tls::Alert::internal_error);
  } else {
    static_cast<void>(co_await net::write_all(client_, failed.server_bytes));
    failure.alert = tls::to_string(failed.alert);
  }
  failure.server_name = failed.server_name;
  co_return failure;
}

net::Task<ClientHandshake::Finished> ClientHandshake::take_over(offload::Handoff handoff) {
  read_ = offload_->take_unused();
  relayed_in_ = offload_->consumed();
  handed_off_ = true;
  // First of all, while the client can still be told in plaintext (R5, R8).
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::size_t serialized_size = handoff.serialized.size();
  auto takeover =
      offload::Takeover::begin(std::move(handoff.serialized), {Role::server, {}, now}, connection_options());
  if (!takeover) co_return tl::unexpected(co_await refuse_state(takeover.error()));
  relayed_out_ += handoff.server_bytes.size();
  flight_sent_ = true;
  if (auto sent = co_await net::write_all(client_, handoff.server_bytes); !sent) {
    co_return tl::unexpected(lost(sent.error().message));
  }
  const bool early = takeover->early();
  auto connection = co_await await_finished(*takeover);
  if (!connection) co_return tl::unexpected(std::move(connection.error()));
  offload_->report({offload::OutcomeKind::established, {}, {}});
  const auto duration =
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - first_byte_);
  co_return EstablishedClient{std::move(*connection),
                              serialized_size,
                              relayed_in_,
                              relayed_out_,
                              duration,
                              early,
                              offload_->hedged(),
                              context_.key_stores.name(offload_->key_store())};
}

// The backend is not opened, and no byte of the client is passed on, before its Finished has proved that it
// has the keys. The key store has no part in this any more.
net::Task<ClientHandshake::Continued> ClientHandshake::await_finished(offload::Takeover& takeover) {
  for (;;) {
    relayed_in_ += read_.size();
    takeover.feed(std::exchange(read_, {}));
    const tls::FinishedVerdict verdict = takeover.next();
    if (std::holds_alternative<tls::FinishedVerified>(verdict)) break;
    if (const auto* failure = std::get_if<tls::Failure>(&verdict)) {
      static_cast<void>(co_await net::write_all(client_, takeover.take_output()));
      co_return tl::unexpected(finished_failure(*failure, takeover.server_name()));
    }
    if (client_ended_) co_return tl::unexpected(lost("the client closed the connection before its Finished"));
    co_await wait_for_news(Listen::to_client, ends_at_);
    if (is_late() || stopped_ || !read_if_ready())
      co_return tl::unexpected(lost("the client reset the connection before its Finished"));
  }
  auto connection = std::move(takeover).into_connection();
  if (!connection) co_return tl::unexpected(co_await refuse_state(connection.error()));
  relayed_in_ -= connection->in_flight().unread_ciphertext;
  co_return std::make_unique<tls::Connection>(std::move(*connection));
}

// The client's answer to an early handoff was an alert, or not its Finished.
HandshakeFailure ClientHandshake::finished_failure(const tls::Failure& failure, std::string server_name) {
  offload_->report(offload::outcome_of(failure));
  return {std::string(offload::to_string(offload::failure_reason_of(failure))), failure.reason,
          std::move(server_name), tls::to_string(failure.alert)};
}

// The client has left, or it has used up its time, or ours is over.
HandshakeFailure ClientHandshake::lost(std::string detail) {
  using offload::CancelReason;
  using offload::OutcomeKind;
  if (stopped_) {
    return ended(CancelReason::shutting_down, OutcomeKind::client_gone, "shutting_down", "the proxy stops");
  }
  if (!is_late())
    return ended(CancelReason::client_gone, OutcomeKind::client_gone, "client_gone", std::move(detail));
  const auto limit = context_.config.limits.handshake_timeout.count();
  return ended(CancelReason::timeout, OutcomeKind::timeout, "timeout",
               "the handshake took longer than " + std::to_string(limit) + " ms");
}

HandshakeFailure ClientHandshake::ended(offload::CancelReason cancel, offload::OutcomeKind outcome,
                                        std::string reason, std::string detail) {
  if (offload_) offload_->set_cancel_reason(cancel);
  if (handed_off_) offload_->report({outcome, {}, {}});
  return {std::move(reason), std::move(detail), {}, {}};
}

net::Task<HandshakeFailure> ClientHandshake::refuse_state(const Error& error) {
  offload_->report({offload::OutcomeKind::state_refused, {}, {}});
  co_return co_await fail("state_refused", error.message, tls::Alert::internal_error);
}

net::Task<HandshakeFailure> ClientHandshake::refuse(offload::FailureReason reason, std::string detail) {
  HandshakeFailure failure{std::string(offload::to_string(reason)), std::move(detail)};
  if (context_.config.limits.refusal == Refusal::alert) {
    failure = co_await fail(std::move(failure.reason), std::move(failure.detail), tls::Alert::internal_error);
  } else {
    net::reset(client_);
  }
  failure.refused = true;
  co_return failure;
}

// A failure of the application server's own. Once the server's flight has begun, the client's keys are the
// key store's, and there is no alert that the client would believe.
net::Task<HandshakeFailure> ClientHandshake::fail(std::string reason, std::string detail, tls::Alert alert) {
  HandshakeFailure failure{std::move(reason), std::move(detail)};
  const bool is_plain = !flight_sent_ && (!offload_ || offload_->client_takes_plaintext());
  if (!is_plain) co_return failure;
  const Bytes record = tls::plaintext_alert(alert);
  auto sent = co_await net::write_all(client_, record);
  if (sent) failure.alert = tls::to_string(alert);
  co_return failure;
}

}  // namespace baton::proxy
