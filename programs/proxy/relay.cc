#include "proxy/relay.h"

#include "net/spawn.h"

namespace baton::proxy {
namespace {

constexpr std::size_t kReadSize = 17 * 1024;  // bytes of ciphertext read at once: one full record
constexpr std::chrono::seconds kRest(1);      // without a byte; TCP sends slowly again after one, too
constexpr std::chrono::milliseconds kTicketDelay(10);
// Records of one client in a row, however small, before others have their turn.
constexpr unsigned kTurn = 16;

}  // namespace

Relay::Relay(net::Socket& client, tls::Connection& connection, net::Socket& backend, std::size_t buffer_limit,
             MutableBytes scratch)
    : client_(client),
      connection_(connection),
      backend_(backend),
      buffer_limit_(buffer_limit),
      scratch_(scratch),
      drained_(client.get_executor()),
      writable_(client, net::Socket::wait_write, [this] { flush(); }),
      later_(client.get_executor(), [this] { flush(); }) {}

net::Task<RelayResult> Relay::run() {
  // The tickets go out with the first answer, unless that takes its time.
  if (!connection_.output().empty()) later_.call_within(kTicketDelay);
  net::spawn(client_.get_executor(), from_backend());
  co_await from_client();
  flush();  // an alert, perhaps
  while (!backend_done_ || !output_done()) co_await drained_.wait();
  if (result_.reason.empty()) result_.reason = "closed";
  co_return result_;
}

// The first reason is the one that counts. False when there is one already.
bool Relay::decide(std::string reason, std::string detail) {
  if (std::exchange(ended_, true)) return false;
  result_.reason = std::move(reason);
  result_.detail = std::move(detail);
  return true;
}

// Resets, so that neither side takes a cut stream for a whole one. Also where the result is decided and a
// client takes its last alert for ever.
void Relay::end(std::string reason, std::string detail) {
  decide(std::move(reason), std::move(detail));
  net::reset(backend_);
  net::reset(client_);
  drained_.notify();
}

void Relay::cut(std::string reason, std::string detail) {
  if (!ended_) end(std::move(reason), std::move(detail));
}

// The alert still goes to the client; the backend is cut off at once.
void Relay::fail_tls(const tls::Failure& failure) {
  if (!decide(failure.from_peer ? "client_alert" : "tls_failure",
              tls::to_string(failure.alert) + ": " + failure.reason)) {
    return;
  }
  net::reset(backend_);
  drained_.notify();
}

net::Task<> Relay::from_client() {
  while (!ended_) {
    const std::size_t before = connection_.output().size();
    const tls::Event event = connection_.next();
    if (connection_.output().size() > before) flush();  // what the connection answers by itself
    if (const auto* data = std::get_if<tls::ApplicationData>(&event)) {
      const auto written = co_await net::write_all(backend_, data->bytes);
      // It may have answered and closed before it had read all: who reads from it decides.
      if (!written) co_return;
      touch();
      result_.plaintext_in += data->bytes.size();
      connection_.consume(data->bytes.size());
      if (++busy_ % kTurn == 0) co_await net::give_way();
    } else if (std::holds_alternative<tls::PeerClosed>(event)) {
      client_closed_ = true;
      net::shut_down_sending(backend_);
      co_return;
    } else if (const auto* failure = std::get_if<tls::Failure>(&event)) {
      fail_tls(*failure);
      co_return;
    } else if (auto more = co_await read_client(); !more) {
      // RFC 8446 §6.1: an end without close_notify may be an attacker's cut. After our own close_notify and
      // the backend's end it is what most clients do, and nothing is lost.
      if (backend_closed_ && connection_.output().empty()) {
        client_closed_ = true;
        net::reset(backend_);
        co_return;
      }
      cut("client_truncated", more.error().message);
    }
  }
}

// Reads without holding a buffer while there is nothing to read.
net::Task<Result<void>> Relay::read_client() {
  for (;;) {
    auto count = net::try_read(client_, connection_.receive_space(kReadSize));
    connection_.received(count && *count ? **count : 0);
    if (!count) {
      busy_ = 0;
      if (auto ready = co_await net::wait_readable(client_); !ready) co_return ready;
      continue;
    }
    if (!*count) co_return pass_on(*count);
    if (**count == 0) co_return fail(ErrorCode::truncated, "the client closed without close_notify");
    touch();
    co_return Result<void>{};
  }
}

net::Task<> Relay::from_backend() {
  static_cast<void>(co_await net::wait_readable(backend_));  // a new connection has nothing yet
  while (!ended_ && !backend_closed_) {
    if (output_is_full()) {
      co_await make_room();
    } else if (const auto count = net::try_read(backend_, scratch_)) {
      seal(*count);
    } else {
      if (has_sealed_) flush();
      const auto ready = co_await net::wait_readable(backend_);
      if (ready) continue;
      if (!client_closed_) cut("backend_failed", ready.error().message);
      break;
    }
  }
  backend_done_ = true;
  flush();
}

net::Task<> Relay::make_room() {
  flush();
  if (output_is_full()) {
    co_await drained_.wait();
  } else {
    co_await net::give_way();  // a client that takes all at once is not the only one
  }
}

void Relay::seal(const Result<std::size_t>& count) {
  if (!count) return cut("backend_failed", count.error().message);
  if (std::chrono::steady_clock::now() - last_activity_ > kRest) connection_.after_idle();
  touch();
  backend_closed_ = *count == 0;
  const auto sealed = backend_closed_ ? connection_.close_write() : connection_.write(scratch_.first(*count));
  if (!sealed) return cut("tls_failure", sealed.error().message);
  has_sealed_ = true;
  result_.plaintext_out += *count;
}

// Writes what the connection has to say, as far as the kernel takes it; the rest when it takes more. Behind
// the last of it, tells the client so by a FIN.
void Relay::flush() {
  while (!output_done()) {
    const auto taken = net::try_write(client_, connection_.output());
    if (!taken) {
      output_failed_ = true;
      cut("client_failed", taken.error().message);
    } else if (*taken == 0) {
      return writable_.watch();
    } else {
      connection_.output_sent(*taken);
      touch();
    }
  }
  if ((ended_ || backend_closed_) && !std::exchange(said_all_, true)) net::shut_down_sending(client_);
  drained_.notify();
}

}  // namespace baton::proxy
