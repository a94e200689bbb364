#include "proxy/client_handshake.h"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/ip/tcp.hpp>
#include <cstring>

#include "net/timeout.h"
#include "serialization/serialization.h"

namespace baton::proxy {
namespace {

constexpr std::size_t kReadSize = 4 * 1024;
// What may wait here for the key store. A client that sends more during its handshake is not read meanwhile.
constexpr std::size_t kMaxRetained = offload::kClientWindow;
// How long the key store may take over the last bytes of a client that has ended its stream. They may be a
// Finished with a whole request behind it (R2), or an alert that the operator wants to know of (R8).
constexpr auto kLastAnswerTimeout = std::chrono::seconds(2);

offload::ClientAddress client_address(const net::Socket& socket) {
  offload::ClientAddress address;
  std::error_code error;
  const net::SocketAddress remote = socket.remote_endpoint(error);
  if (error || (remote.protocol().family() != AF_INET && remote.protocol().family() != AF_INET6))
    return address;
  asio::ip::tcp::endpoint tcp;
  tcp.resize(remote.size());
  std::memcpy(tcp.data(), remote.data(), remote.size());
  const auto ip = tcp.address().is_v4()
                      ? asio::ip::make_address_v6(asio::ip::v4_mapped, tcp.address().to_v4())
                      : tcp.address().to_v6();
  std::ranges::copy(ip.to_bytes(), address.ip.begin());
  address.port = tcp.port();
  return address;
}

// An alert that the application server sends by itself, when it has no key store to send one. It is legal in
// plaintext as long as the client has received nothing (RFC 8446 §5).
Bytes plaintext_alert(tls::Alert alert) {
  return {
      21, 3, 3, 0, 2, static_cast<std::uint8_t>(tls::AlertLevel::fatal), static_cast<std::uint8_t>(alert)};
}

tls::ConnectionOptions connection_options() {
  tls::ConnectionOptions options;
  options.small_records_up_to = tls::kSmallRecordsUpTo;
  return options;
}

// Whether our OPEN crossed the key store's GO_AWAY, and neither side of the client has moved on since.
// docs/link-protocol.md: such a handshake may begin again, with all bytes of the client, on another link.
bool can_begin_again(const HandshakeEvent& event, std::uint64_t moved) {
  const auto* failed = std::get_if<offload::Failed>(&event);
  return failed != nullptr && failed->reason == offload::FailureReason::going_away && moved == 0;
}

}  // namespace

ClientHandshake::ClientHandshake(net::Socket& client, KeyStoreLinks& links, const std::string& listener,
                                 const offload::TraceId& trace_id)
    : client_(client), links_(links), listener_(listener), trace_id_(trace_id) {}

net::Task<ClientHandshake::Finished> ClientHandshake::run(std::chrono::milliseconds timeout) {
  first_byte_ = std::chrono::steady_clock::now();
  auto finished = co_await net::with_timeout(relay(timeout), timeout, "the handshake");
  if (finished) co_return std::move(*finished);
  if (remote_ && handed_off_) remote_->report({offload::OutcomeKind::timeout, {}, {}});
  if (remote_) remote_->set_cancel_reason(offload::CancelReason::timeout);
  co_return tl::unexpected(HandshakeFailure{"timeout", finished.error().message, {}, {}});
}

net::Task<Result<ClientHandshake::Finished>> ClientHandshake::relay(std::chrono::milliseconds timeout) {
  using namespace asio::experimental::awaitable_operators;
  const auto failed = [](HandshakeFailure failure) { return Finished(tl::unexpected(std::move(failure))); };
  while (retained_.empty()) {
    static_cast<void>(co_await net::wait_readable(client_));
    if (!read_client() || (client_ended_ && retained_.empty())) {
      co_return failed({"client_gone", "the client sent nothing", {}, {}});
    }
  }
  first_byte_ = std::chrono::steady_clock::now();
  if (auto failure = co_await open(timeout)) co_return failed(std::move(*failure));
  const HandshakeFailure gone{"client_gone", "the client closed the connection during its handshake", {}, {}};
  for (;;) {
    while (auto event = remote_->next_event()) {
      if (can_begin_again(*event, relayed_out_ + dropped_)) {
        if (auto failure = co_await open(timeout)) co_return failed(std::move(*failure));
        continue;
      }
      if (auto finished = co_await handle(std::move(*event))) co_return std::move(*finished);
    }
    if (auto failure = forward()) co_return failed(std::move(*failure));
    if (client_ended_) {
      // Without unused bytes there is no Finished to come.
      if (retained_.empty() || !co_await wait_for_last_answer()) co_return failed(gone);
      continue;
    }
    if (retained_.size() >= kMaxRetained) {
      co_await remote_->wait();
      continue;
    }
    const auto woken = co_await (net::wait_readable(client_) || remote_->wait());
    if (woken.index() == 1) continue;
    if (!read_client()) co_return failed(gone);
  }
}

net::Task<std::optional<HandshakeFailure>> ClientHandshake::open(std::chrono::milliseconds timeout) {
  offload::OpenRequest request;
  request.client = client_address(client_);
  request.listener = listener_;
  request.trace_id = trace_id_;
  request.deadline = timeout;
  forwarded_ = std::min<std::size_t>(retained_.size(), offload::kClientWindow);
  request.first_bytes.assign(retained_.begin(), retained_.begin() + static_cast<std::ptrdiff_t>(forwarded_));
  auto remote = co_await links_.open(std::move(request));
  if (!remote) {
    const bool full = remote.error().code == ErrorCode::limit_exceeded;
    co_return co_await fail(full ? "overloaded" : "no_key_store", remote.error().message,
                            tls::Alert::internal_error);
  }
  remote_ = std::move(*remote);
  co_return std::nullopt;
}

bool ClientHandshake::read_client() {
  const std::size_t before = retained_.size();
  retained_.resize(before + kReadSize);
  const auto count = net::try_read(client_, MutableBytes(retained_).subspan(before));
  const bool broken = count && !*count;
  retained_.resize(before + (count && !broken ? **count : 0));
  if (count && !broken && **count == 0) client_ended_ = true;
  return !broken;
}

net::Task<bool> ClientHandshake::wait_for_last_answer() {
  using namespace asio::experimental::awaitable_operators;
  const auto woken = co_await (remote_->wait() || net::sleep_for(kLastAnswerTimeout));
  co_return woken.index() == 0;
}

// Sends what the key store's window allows. The rest follows when it has moved on.
std::optional<HandshakeFailure> ClientHandshake::forward() {
  if (forwarded_ == retained_.size()) return std::nullopt;
  const std::size_t count = std::min(retained_.size() - forwarded_, remote_->window());
  if (count == 0) return std::nullopt;
  if (auto sent = remote_->send(ByteView(retained_).subspan(forwarded_, count)); !sent) {
    return HandshakeFailure{"link_lost", sent.error().message, {}, {}};
  }
  forwarded_ += count;
  return std::nullopt;
}

void ClientHandshake::drop_consumed(std::uint64_t consumed) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(consumed - dropped_, forwarded_));
  retained_.erase(retained_.begin(), retained_.begin() + static_cast<std::ptrdiff_t>(count));
  forwarded_ -= count;
  dropped_ += count;
}

net::Task<std::optional<ClientHandshake::Finished>> ClientHandshake::handle(HandshakeEvent event) {
  if (auto* bytes = std::get_if<offload::ServerBytes>(&event)) {
    drop_consumed(bytes->consumed);
    relayed_out_ += bytes->bytes.size();
    if (auto sent = co_await net::write_all(client_, bytes->bytes); !sent) {
      co_return Finished(tl::unexpected(HandshakeFailure{"client_gone", sent.error().message, {}, {}}));
    }
    co_return std::nullopt;
  }
  if (auto* handoff = std::get_if<offload::Handoff>(&event))
    co_return co_await take_over(std::move(*handoff));
  if (const auto* failed = std::get_if<offload::Failed>(&event)) {
    static_cast<void>(co_await net::write_all(client_, failed->server_bytes));
    const bool has_alert = failed->reason == offload::FailureReason::tls_alert_sent ||
                           failed->reason == offload::FailureReason::tls_alert_received ||
                           !failed->server_bytes.empty();
    co_return Finished(tl::unexpected(
        HandshakeFailure{std::string(offload::to_string(failed->reason)), failed->text, failed->server_name,
                         has_alert ? tls::to_string(failed->alert) : std::string()}));
  }
  co_return Finished(tl::unexpected(
      co_await fail("link_lost", std::get<LinkLost>(event).reason, tls::Alert::internal_error)));
}

net::Task<ClientHandshake::Finished> ClientHandshake::take_over(offload::Handoff handoff) {
  drop_consumed(handoff.consumed);
  handed_off_ = true;
  relayed_out_ += handoff.server_bytes.size();
  if (auto sent = co_await net::write_all(client_, handoff.server_bytes); !sent) {
    co_return tl::unexpected(client_gone(sent.error().message));
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto state = serialization::deserialize_unprotected(handoff.serialized, {Role::server, {}, now});
  if (!state) co_return tl::unexpected(co_await refuse_state(state.error()));
  if (!state->handshake_time) state->handshake_time = now;
  const bool early = state->phase() == tls::Phase::awaiting_client_finished;
  auto connection = co_await take_connection(std::move(*state));
  if (!connection) co_return tl::unexpected(std::move(connection.error()));
  remote_->report({offload::OutcomeKind::established, {}, {}});
  const auto duration =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - first_byte_);
  co_return EstablishedClient{
      std::move(*connection), handoff.serialized.size(), dropped_, relayed_out_, duration, early};
}

net::Task<ClientHandshake::Continued> ClientHandshake::take_connection(tls::ConnectionState state) {
  if (state.awaited) co_return co_await await_finished(std::move(state));
  auto connection = tls::Connection::from_state(std::move(state), connection_options());
  if (!connection) co_return tl::unexpected(co_await refuse_state(connection.error()));
  connection->feed(retained_);  // what stands behind the client's Finished (R2)
  co_return std::move(*connection);
}

// The backend is not opened, and no byte of the client is passed on, before its Finished has proved that it
// has the keys. The key store has no part in this any more.
net::Task<ClientHandshake::Continued> ClientHandshake::await_finished(tls::ConnectionState state) {
  std::string server_name = state.server_name;
  auto reader = tls::FinishedReader::from_state(std::move(state), connection_options());
  if (!reader) co_return tl::unexpected(co_await refuse_state(reader.error()));
  for (;;) {
    dropped_ += retained_.size();
    reader->feed(std::exchange(retained_, {}));
    const tls::FinishedVerdict verdict = reader->next();
    if (std::holds_alternative<tls::FinishedVerified>(verdict)) break;
    if (const auto* failure = std::get_if<tls::Failure>(&verdict)) {
      static_cast<void>(co_await net::write_all(client_, reader->take_output()));
      co_return tl::unexpected(finished_failure(*failure, std::move(server_name)));
    }
    if (client_ended_)
      co_return tl::unexpected(client_gone("the client closed the connection before its Finished"));
    static_cast<void>(co_await net::wait_readable(client_));
    if (!read_client())
      co_return tl::unexpected(client_gone("the client reset the connection before its Finished"));
  }
  auto connection = std::move(*reader).into_connection();
  if (!connection) co_return tl::unexpected(co_await refuse_state(connection.error()));
  dropped_ -= connection->in_flight().unread_ciphertext;
  co_return std::move(*connection);
}

// The client's answer to an early handoff was an alert, or not its Finished.
HandshakeFailure ClientHandshake::finished_failure(const tls::Failure& failure, std::string server_name) {
  remote_->report({offload::OutcomeKind::alert, failure.alert,
                   failure.from_peer ? offload::AlertFrom::client : offload::AlertFrom::application_server});
  const auto reason =
      failure.from_peer ? offload::FailureReason::tls_alert_received : offload::FailureReason::tls_alert_sent;
  return {std::string(offload::to_string(reason)), failure.reason, std::move(server_name),
          tls::to_string(failure.alert)};
}

HandshakeFailure ClientHandshake::client_gone(std::string detail) {
  remote_->report({offload::OutcomeKind::client_gone, {}, {}});
  return {"client_gone", std::move(detail), {}, {}};
}

net::Task<HandshakeFailure> ClientHandshake::refuse_state(const Error& error) {
  remote_->report({offload::OutcomeKind::state_refused, {}, {}});
  co_return co_await fail("state_refused", error.message, tls::Alert::internal_error);
}

// A failure of the application server's own. Once the server's flight has begun, the client's keys are the
// key store's, and there is no alert that the client would believe.
net::Task<HandshakeFailure> ClientHandshake::fail(std::string reason, std::string detail, tls::Alert alert) {
  HandshakeFailure failure{std::move(reason), std::move(detail), {}, {}};
  if (relayed_out_ == 0 && (co_await net::write_all(client_, plaintext_alert(alert)))) {
    failure.alert = tls::to_string(alert);
  }
  co_return failure;
}

}  // namespace baton::proxy
