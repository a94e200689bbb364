#include "links/key_store_link.h"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>

#include "common/log.h"
#include "net/link_pump.h"
#include "net/timeout.h"

namespace baton::links {
namespace {

using namespace std::chrono_literals;
// A key store that answers no ping for this long is dead; the handshakes on it are lost, and new ones need
// another link.
constexpr auto kPingInterval = 5s;
// A ping that is not answered for this long, where an answer is overdue as well, makes the link silent.
constexpr auto kSilence = 500ms;
// Nobody waits for an OUTCOME: it goes out with the next OPEN, or by itself in a moment.
constexpr auto kOutcomeDelay = 10ms;

offload::HelloInfo hello_info(const std::string& program) {
  offload::HelloInfo info;
  info.software = program + " " BATON_VERSION;
  return info;
}

// The version of a serialized connection: docs/serialization-format.md, header. 0 where it has none.
std::uint16_t serialization_version(ByteView serialized) {
  ByteReader reader(serialized);
  static_cast<void>(reader.u32());  // magic number
  return reader.u16();
}

}  // namespace

KeyStoreLink::KeyStoreLink(const asio::any_io_executor& executor, const std::string& program,
                           std::unique_ptr<net::Stream> stream)
    : HandshakeLink(offload::LinkLimits{}, hello_info(program)),
      executor_(executor),
      stream_(std::move(stream)),
      wake_(executor),
      greeted_(executor),
      later_(executor, [this] { on_output(); }),
      judge_(executor, [this] { judge_silence(); }) {}

net::Task<Error> KeyStoreLink::run(std::chrono::milliseconds hello_timeout) {
  using namespace asio::experimental::awaitable_operators;
  const auto self = shared_from_this();
  auto first = co_await (receive_all() || send() || watch(hello_timeout));
  const Result<void> end = std::visit([](auto result) { return result; }, std::move(first));
  done_ = true;
  stream_->close();
  stream_.reset();  // with the link's keys (R6); handshakes may hold on to the rest for a moment
  const Error error =
      !end ? end.error() : Error{ErrorCode::io, end_reason_.empty() ? "the link was closed" : end_reason_};
  changed();  // first, so that they begin again elsewhere
  lose_handshakes(error.message);
  co_return error;
}

net::Task<Result<void>> KeyStoreLink::receive_all() {
  SecretBuffer buffer(net::kLinkChunk);
  for (;;) {
    auto count = co_await stream_->read_some(buffer);
    if (!count) co_return pass_on(count);
    if (*count == 0) co_return fail(ErrorCode::io, "the key store closed the link");
    const MutableBytes bytes = MutableBytes(buffer).first(*count);
    auto received = receive(bytes);
    wipe(bytes);
    on_output();
    doubted_since_.reset();
    if (std::exchange(silent_, false)) changed();
    if (!received && end_reason_.empty()) end_reason_ = "protocol error: " + received.error().message;
  }
}

net::Task<Result<void>> KeyStoreLink::send() {
  struct Announcing {
    KeyStoreLink& link;
    ByteView output() const { return link.client().output(); }
    void output_sent(std::size_t count) { link.output_sent(count); }
  } end{*this};
  co_return co_await net::send_link_output(end, *stream_, wake_,
                                           [this] { return done_ || client().closed(); });
}

net::Task<Result<void>> KeyStoreLink::watch(std::chrono::milliseconds hello_timeout) {
  if (auto greeted = co_await wait_for_hello(hello_timeout); !greeted) co_return greeted;
  for (;;) {
    auto number = client().ping();
    last_ping_ = number.value_or(0);
    pinged_ = std::chrono::steady_clock::now();
    on_output();
    co_await net::sleep_for(kPingInterval);
    if (!number || last_pong_ < last_ping_) {
      co_return fail(ErrorCode::limit_exceeded, "the key store does not answer pings");
    }
  }
}

net::Task<Result<void>> KeyStoreLink::wait_for_hello(std::chrono::milliseconds hello_timeout) {
  using namespace asio::experimental::awaitable_operators;
  co_await (greeted_.wait() || net::sleep_for(hello_timeout));
  if (!had_hello_) co_return fail(ErrorCode::limit_exceeded, "the key store sent no HELLO in time");
  co_return Result<void>{};
}

void KeyStoreLink::on_news(offload::LinkNews news) {
  if (const auto* pong = std::get_if<offload::Pong>(&news)) {
    last_pong_ = pong->value;
    if (on_pong_ && pong->value == last_ping_) {
      on_pong_(
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - pinged_));
    }
  } else if (const auto* error = std::get_if<offload::LinkError>(&news)) {
    end_reason_ = "the key store ended the link: " + error->text;
    changed();
  } else {
    if (std::holds_alternative<offload::Hello>(news)) {
      had_hello_ = true;
      greeted_.notify();
    }
    changed();  // Hello, GoAway
    close_if_done();
  }
}

// A key store that hangs would cost each new question its whole time, until the pings at intervals tell. One
// that only has a slow signature to make answers a ping at once; so no slow client makes a link silent.
void KeyStoreLink::on_overdue() {
  if (doubted_since_ || !alive()) return;
  doubted_since_ = std::chrono::steady_clock::now();
  if (client().unanswered_pings() == 0) static_cast<void>(client().ping());
  on_output();
  judge_.call_within(kSilence);
}

void KeyStoreLink::judge_silence() {
  if (!doubted_since_ || silent_ || !alive()) return;
  const auto left = *doubted_since_ + kSilence - std::chrono::steady_clock::now();
  if (left > 0s) return judge_.call_within(left);  // something has come, and there is a new doubt
  silent_ = true;
  changed();
}

// The key store's HELLO does not tell which version it writes, so the first handoff does. It stays the same
// as long as the link lives.
void KeyStoreLink::on_handoff(const offload::Handoff& handoff) {
  if (std::exchange(had_handoff_, true)) return;
  programs::log_event(
      programs::LogLevel::info, "link_first_handoff",
      {{"software", peer().software}, {"serialization_version", serialization_version(handoff.serialized)}});
}

void KeyStoreLink::on_outcome() {
  later_.call_within(kOutcomeDelay);
}

void KeyStoreLink::retire(std::string_view reason) {
  client().go_away(reason);
  on_output();
  close_if_done();
}

void KeyStoreLink::close_if_done() {
  if (!client().going_away() || client().in_flight() > 0) return;
  done_ = true;  // once the last frames are sent
  on_output();
}

void KeyStoreLink::changed() {
  if (on_change_) on_change_();
}

}  // namespace baton::links
