#include "proxy/local_handshake.h"

#include <algorithm>

namespace baton::proxy {
namespace {

using handshake::Progress;
using std::chrono::steady_clock;

// A client that sends this much while a signature is away is not read meanwhile.
constexpr std::size_t kMostRead = 16 * 1024;

}  // namespace

LocalHandshake::LocalHandshake(SessionContext& context, net::Socket& client,
                               const offload::ClientAddress& address, const LocalTls& tls,
                               const offload::TraceId& trace_id)
    : context_(context),
      client_(client),
      address_(address),
      tls_(tls),
      trace_id_(trace_id),
      news_(client.get_executor()),
      readable_(client, net::Socket::wait_read, [this] { news_.notify(); }) {}

net::Task<LocalHandshake::Finished> LocalHandshake::run() {
  first_byte_ = steady_clock::now();
  ends_at_ = first_byte_ + context_.config.limits.handshake_timeout;
  if (auto failure = co_await begin()) co_return tl::unexpected(std::move(*failure));
  for (;;) {
    advance(std::exchange(read_, {}));
    if (!co_await send_output()) co_return tl::unexpected(lost("the client takes nothing any more"));
    if (progress_ == Progress::complete) co_return established();
    if (progress_ == Progress::failed) co_return tl::unexpected(failed());
    if (progress_ == Progress::pending) {
      if (auto failure = co_await await_signature()) co_return tl::unexpected(std::move(*failure));
      continue;
    }
    if (!co_await wait_for_client()) {
      co_return tl::unexpected(lost("the client closed the connection during its handshake"));
    }
  }
}

// Until the client's first bytes are there, and it has a place.
net::Task<std::optional<HandshakeFailure>> LocalHandshake::begin() {
  if (!co_await wait_for_client()) co_return lost("the client sent nothing");
  first_byte_ = steady_clock::now();
  place_ = context_.handshakes.take(0);
  if (!place_) co_return co_await refuse("limits.max_handshakes of this proxy are under way");
  auto handshake = tls_.accept();
  if (!handshake) co_return HandshakeFailure{"internal", handshake.error().message};
  handshake_ = std::move(*handshake);
  co_return std::nullopt;
}

void LocalHandshake::stop() {
  stopped_ = true;
  net::reset(client_);
  news_.notify();
}

void LocalHandshake::expire(Time now) {
  if (now >= ends_at_ + kGrace) net::reset(client_);
}

// Until there are bytes of the client. False: there will be none, or not in time.
net::Task<bool> LocalHandshake::wait_for_client() {
  while (read_.empty()) {
    readable_.watch();
    co_await news_.wait_until(ends_at_);
    if (is_late() || stopped_ || (readable_.has_come() && !read_client()) || client_ended_) {
      co_return !is_late() && !stopped_ && !read_.empty();
    }
  }
  co_return true;
}

// Takes what the client has sent, the end of its stream too; false when the connection is broken.
bool LocalHandshake::read_client() {
  const std::size_t before = read_.size();
  read_.resize(before + kReadSize);
  const auto count = net::try_read(client_, MutableBytes(read_).subspan(before));
  const bool broken = count && !*count;
  read_.resize(before + (count && !broken ? **count : 0));
  if (count && !broken && **count == 0) client_ended_ = true;
  return !broken;
}

void LocalHandshake::advance(ByteView bytes) {
  fed_ += bytes.size();
  append(recent_, bytes);
  progress_ = handshake_->advance(bytes);
  // Of what it was given, it has used all but the last; that is kept for behind the handshake (R2).
  const auto unused = static_cast<std::size_t>(fed_ - handshake_->consumed());
  recent_.erase(recent_.begin(),
                recent_.end() - static_cast<std::ptrdiff_t>(std::min(unused, recent_.size())));
}

net::Task<bool> LocalHandshake::send_output() {
  const Bytes output = handshake_->take_output();
  if (output.empty()) co_return true;
  sent_ += output.size();
  co_return (co_await net::write_all(client_, output)).has_value();
}

void LocalHandshake::ask_for_signature() {
  const SignatureNeeded& needed = *handshake_->needed_signature();
  offload::Sign request;
  request.kind = needed.kind;
  request.scheme = needed.scheme;
  request.key = needed.key;
  request.client = address_;
  request.trace_id = trace_id_;
  request.input = needed.input;
  signature_.emplace(std::move(request), ends_at_, context_.key_stores, context_.key_stores.picker(),
                     context_.config.links.policy, [this] { news_.notify(); });
}

// The loop does other things meanwhile. A client that leaves takes its question with it.
net::Task<std::optional<HandshakeFailure>> LocalHandshake::await_signature() {
  ask_for_signature();
  for (;;) {
    auto answer = signature_->next(steady_clock::now());
    context_.key_stores.note(signature_->take_failed_attempts(), trace_id_);
    if (answer) {
      if (*answer) {
        key_store_ = context_.key_stores.name(signature_->key_store());
        handshake_->give_signature(std::move(**answer));
      } else {
        signature_refusal_ = to_string(answer->error().reason);
        overloaded_ = answer->error().reason == SigningRefusal::overloaded ||
                      answer->error().reason == SigningRefusal::rate_limited;
        handshake_->give_signature(fail(ErrorCode::refused, std::move(answer->error().text)));
      }
      signature_.reset();
      co_return std::nullopt;
    }
    const bool listens = read_.size() < kMostRead;
    if (listens) readable_.watch();
    co_await news_.wait_until(std::min(ends_at_, signature_->next_deadline().value_or(ends_at_)));
    const bool is_broken = listens && readable_.has_come() && !read_client();
    if (is_late() || stopped_ || is_broken || client_ended_) {
      co_return lost("the client closed the connection while its signature was made");
    }
  }
}

// The client has left, or it has used up its time, or ours is over.
HandshakeFailure LocalHandshake::lost(std::string detail) {
  using offload::CancelReason;
  const auto ended = [this](CancelReason cancel, std::string reason, std::string why) {
    if (signature_) signature_->set_cancel_reason(cancel);
    return HandshakeFailure{std::move(reason), std::move(why),
                            handshake_ ? handshake_->summary().server_name : std::string()};
  };
  if (stopped_) return ended(CancelReason::shutting_down, "shutting_down", "the proxy stops");
  if (!is_late()) return ended(CancelReason::client_gone, "client_gone", std::move(detail));
  const auto limit = context_.config.limits.handshake_timeout.count();
  return ended(CancelReason::timeout, "timeout",
               "the handshake took longer than " + std::to_string(limit) + " ms");
}

HandshakeFailure LocalHandshake::failed() {
  const tls::Failure& failure = handshake_->failure();
  HandshakeFailure result;
  if (!signature_refusal_.empty()) {
    result.reason = "signature_" + signature_refusal_;
  } else {
    result.reason = failure.from_peer ? "tls_alert_received" : "tls_alert_sent";
  }
  result.detail = failure.reason;
  result.server_name = handshake_->summary().server_name;
  result.alert = tls::to_string(failure.alert);
  result.refused = overloaded_;
  return result;
}

net::Task<HandshakeFailure> LocalHandshake::refuse(std::string detail) {
  HandshakeFailure failure{"overloaded", std::move(detail)};
  failure.refused = true;
  if (context_.config.limits.refusal == Refusal::alert) {
    const Bytes alert = tls::plaintext_alert(tls::Alert::internal_error);
    if (co_await net::write_all(client_, alert)) failure.alert = tls::to_string(tls::Alert::internal_error);
  } else {
    net::reset(client_);
  }
  co_return failure;
}

LocalHandshake::Finished LocalHandshake::established() {
  const auto internal = [this](const Error& error) {
    return tl::unexpected(HandshakeFailure{"internal", error.message, handshake_->summary().server_name});
  };
  auto state = handshake_->take_state();
  if (!state) return internal(state.error());
  state->handshake_time = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  state->unread_ciphertext = std::move(recent_);
  append(state->unread_ciphertext, read_);
  auto connection = tls::Connection::from_state(std::move(*state), connection_options());
  if (!connection) return internal(connection.error());
  const auto duration =
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - first_byte_);
  return EstablishedClient{std::make_unique<tls::Connection>(std::move(*connection)),
                           0,
                           handshake_->consumed(),
                           sent_,
                           duration,
                           false,
                           false,
                           key_store_,
                           true};
}

}  // namespace baton::proxy
