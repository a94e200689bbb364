#include "proxy/key_store_link.h"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>

#include "common/log.h"
#include "net/link_pump.h"
#include "net/timeout.h"

namespace baton::proxy {
namespace {

using namespace std::chrono_literals;
using offload::HandshakeEvent;
using offload::HandshakeId;
using offload::LinkLost;

// A key store that answers no ping for this long is dead; the handshakes on it are lost, and new ones need
// another link.
constexpr auto kPingInterval = 5s;
// Nobody waits for an OUTCOME: it goes out with the next OPEN, or by itself in a moment.
constexpr auto kOutcomeDelay = 10ms;
// What may wait here for one client that reads slowly: several times the largest flight of a server.
constexpr std::size_t kMaxQueuedServerBytes = 512 * 1024;

// What it takes in the queue, so that events without a byte count too.
std::size_t size_of(const offload::ServerBytes& event) {
  return sizeof(HandshakeEvent) + event.bytes.size();
}

offload::HelloInfo hello_info() {
  offload::HelloInfo info;
  info.software = "baton-proxy " BATON_VERSION;
  return info;
}

// The version of a serialized connection: docs/serialization-format.md, header. 0 where it has none.
std::uint16_t serialization_version(ByteView serialized) {
  ByteReader reader(serialized);
  static_cast<void>(reader.u32());  // magic number
  return reader.u16();
}

}  // namespace

LinkHandshake::LinkHandshake(std::shared_ptr<KeyStoreLink> link, HandshakeId id,
                             std::function<void()> on_news)
    : link_(std::move(link)), id_(id), on_news_(std::move(on_news)) {
  link_->handshakes_.emplace(id_, this);
}

LinkHandshake::~LinkHandshake() {
  link_->handshakes_.erase(id_);
  if (ended_) return;
  link_->client_.cancel(id_, cancel_reason_);
  link_->flush();
  link_->close_if_done();
}

std::size_t LinkHandshake::window() {
  const std::size_t window = ended_ ? 0 : link_->client_.client_window(id_);
  wants_window_ = window == 0;
  return window;
}

Result<void> LinkHandshake::send(ByteView client_bytes) {
  auto sent = link_->client_.client_bytes(id_, client_bytes);
  link_->flush();
  return sent;
}

std::optional<HandshakeEvent> LinkHandshake::next_event() {
  if (events_.empty()) return std::nullopt;
  HandshakeEvent event = std::move(events_.front());
  events_.pop_front();
  if (const auto* bytes = std::get_if<offload::ServerBytes>(&event)) queued_bytes_ -= size_of(*bytes);
  return event;
}

void LinkHandshake::report(const offload::Outcome& outcome) {
  if (ended_) return;
  // It can only be refused when the link is gone, and then nobody counts.
  static_cast<void>(link_->client_.report(id_, outcome));
  ended_ = true;
  link_->later_.call_within(kOutcomeDelay);
  link_->close_if_done();
}

void LinkHandshake::deliver(HandshakeEvent event) {
  if (std::holds_alternative<offload::Failed>(event) || std::holds_alternative<LinkLost>(event))
    ended_ = true;
  if (const auto* bytes = std::get_if<offload::ServerBytes>(&event)) queued_bytes_ += size_of(*bytes);
  if (queued_bytes_ > kMaxQueuedServerBytes) {  // R9; the destructor cancels
    queued_bytes_ = 0;
    events_.clear();
    event = LinkLost{"the key store sent more than any handshake has"};
  }
  events_.push_back(std::move(event));
  on_news_();
}

KeyStoreLink::KeyStoreLink(const asio::any_io_executor& executor, std::unique_ptr<net::Stream> stream)
    : executor_(executor),
      stream_(std::move(stream)),
      client_(offload::LinkLimits{}, hello_info()),
      wake_(executor),
      greeted_(executor),
      later_(executor, [this] { flush(); }) {}

net::Task<Error> KeyStoreLink::run(std::chrono::milliseconds hello_timeout) {
  using namespace asio::experimental::awaitable_operators;
  const auto self = shared_from_this();
  auto first = co_await (receive() || send() || watch(hello_timeout));
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

net::Task<Result<void>> KeyStoreLink::receive() {
  SecretBuffer buffer(net::kLinkChunk);
  for (;;) {
    auto count = co_await stream_->read_some(buffer);
    if (!count) co_return pass_on(count);
    if (*count == 0) co_return fail(ErrorCode::io, "the key store closed the link");
    const MutableBytes bytes = MutableBytes(buffer).first(*count);
    auto received = client_.receive(bytes);
    wipe(bytes);
    dispatch();
    flush();
    if (!received && end_reason_.empty()) end_reason_ = "protocol error: " + received.error().message;
  }
}

net::Task<Result<void>> KeyStoreLink::send() {
  struct Announcing {
    KeyStoreLink& link;
    ByteView output() const { return link.client_.output(); }
    void output_sent(std::size_t count) {
      link.client_.output_sent(count);
      link.tell_of_window();
    }
  } end{*this};
  co_return co_await net::send_link_output(end, *stream_, wake_,
                                           [this] { return done_ || client_.closed(); });
}

net::Task<Result<void>> KeyStoreLink::watch(std::chrono::milliseconds hello_timeout) {
  if (auto greeted = co_await wait_for_hello(hello_timeout); !greeted) co_return greeted;
  for (;;) {
    auto number = client_.ping();
    pinged_ = std::chrono::steady_clock::now();
    flush();
    co_await net::sleep_for(kPingInterval);
    if (!number || last_pong_ < *number) {
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

void KeyStoreLink::dispatch() {
  while (auto event = client_.next_event()) handle(std::move(*event));
}

void KeyStoreLink::handle(offload::ClientEvent event) {
  if (auto* bytes = std::get_if<offload::Received<offload::ServerBytes>>(&event)) {
    deliver(bytes->id, std::move(bytes->body));
  } else if (auto* handoff = std::get_if<offload::Received<offload::Handoff>>(&event)) {
    log_first(handoff->body);
    deliver(handoff->id, std::move(handoff->body));
  } else if (auto* failed = std::get_if<offload::Received<offload::Failed>>(&event)) {
    deliver(failed->id, std::move(failed->body));
    close_if_done();
  } else if (const auto* pong = std::get_if<offload::Pong>(&event)) {
    last_pong_ = pong->value;
    if (on_pong_) {
      on_pong_(
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - pinged_));
    }
  } else if (const auto* error = std::get_if<offload::LinkError>(&event)) {
    end_reason_ = "the key store ended the link: " + error->text;
    changed();
  } else {
    if (std::holds_alternative<offload::Hello>(event)) {
      had_hello_ = true;
      greeted_.notify();
    }
    changed();  // Hello, GoAway
    close_if_done();
  }
}

// The key store's HELLO does not tell which version it writes, so the first handoff does. It stays the same
// as long as the link lives.
void KeyStoreLink::log_first(const offload::Handoff& handoff) {
  if (std::exchange(had_handoff_, true)) return;
  programs::log_event(programs::LogLevel::info, "link_first_handoff",
                      {{"software", client_.peer().software},
                       {"serialization_version", serialization_version(handoff.serialized)}});
}

void KeyStoreLink::deliver(HandshakeId id, HandshakeEvent event) {
  const auto found = handshakes_.find(id);
  if (found != handshakes_.end()) found->second->deliver(std::move(event));
}

Result<std::unique_ptr<offload::RemoteHandshake>> KeyStoreLink::open(offload::OpenRequest request,
                                                                     std::function<void()> on_news) {
  auto id = client_.open(std::move(request));
  flush();
  if (!id) return pass_on(id);
  return std::make_unique<LinkHandshake>(shared_from_this(), *id, std::move(on_news));
}

// A window that was closed by too much output is open again.
void KeyStoreLink::tell_of_window() {
  for (const auto& [id, handshake] : handshakes_) {
    if (std::exchange(handshake->wants_window_, false)) handshake->on_news_();
  }
}

void KeyStoreLink::lose_handshakes(const std::string& reason) {
  for (const auto& [id, handshake] : handshakes_) {
    if (!handshake->ended_) handshake->deliver(LinkLost{reason});
  }
}

void KeyStoreLink::retire(std::string_view reason) {
  client_.go_away(reason);
  flush();
  close_if_done();
}

void KeyStoreLink::close_if_done() {
  if (!client_.going_away() || client_.in_flight() > 0) return;
  done_ = true;  // once the last frames are sent
  flush();
}

void KeyStoreLink::changed() {
  if (on_change_) on_change_();
}

}  // namespace baton::proxy
