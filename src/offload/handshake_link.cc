#include "offload/handshake_link.h"

#include <utility>

namespace baton::offload {
namespace {

// What it takes in the queue, so that events without a byte count too.
std::size_t size_of(const ServerBytes& event) {
  return sizeof(HandshakeEvent) + event.bytes.size();
}

}  // namespace

LinkHandshake::LinkHandshake(std::shared_ptr<HandshakeLink> link, HandshakeId id,
                             std::function<void()> on_news)
    : link_(std::move(link)), id_(id), on_news_(std::move(on_news)), received_before_(link_->received_) {
  link_->handshakes_.emplace(id_, this);
}

LinkHandshake::~LinkHandshake() {
  link_->handshakes_.erase(id_);
  if (!ended_) link_->cancel(id_, cancel_reason_);
}

void LinkHandshake::overdue() {
  if (!ended_) link_->note_overdue(received_before_);
}

std::size_t LinkHandshake::window() {
  const std::size_t window = ended_ ? 0 : link_->client_.client_window(id_);
  wants_window_ = window == 0;
  return window;
}

Result<void> LinkHandshake::send(ByteView client_bytes) {
  auto sent = link_->client_.client_bytes(id_, client_bytes);
  link_->on_output();
  return sent;
}

std::optional<HandshakeEvent> LinkHandshake::next_event() {
  if (events_.empty()) return std::nullopt;
  HandshakeEvent event = std::move(events_.front());
  events_.pop_front();
  if (const auto* bytes = std::get_if<ServerBytes>(&event)) queued_bytes_ -= size_of(*bytes);
  return event;
}

void LinkHandshake::report(const Outcome& outcome) {
  if (ended_) return;
  // It can only be refused when the link is gone, and then nobody counts.
  static_cast<void>(link_->client_.report(id_, outcome));
  ended_ = true;
  link_->on_outcome();
  link_->on_handshake_ended();
}

void LinkHandshake::deliver(HandshakeEvent event) {
  if (std::holds_alternative<Failed>(event) || std::holds_alternative<LinkLost>(event)) ended_ = true;
  if (const auto* bytes = std::get_if<ServerBytes>(&event)) queued_bytes_ += size_of(*bytes);
  if (queued_bytes_ > kMaxServerBytes) {  // R9; the destructor cancels
    queued_bytes_ = 0;
    events_.clear();
    event = LinkLost{"the key store sent more than any handshake has"};
  }
  events_.push_back(std::move(event));
  on_news_();
}

LinkSignature::LinkSignature(std::shared_ptr<HandshakeLink> link, HandshakeId id,
                             std::function<void()> on_news)
    : link_(std::move(link)), id_(id), on_news_(std::move(on_news)), received_before_(link_->received_) {
  link_->signatures_.emplace(id_, this);
}

LinkSignature::~LinkSignature() {
  if (answer_) return;
  link_->signatures_.erase(id_);
  link_->cancel(id_, cancel_reason_);
}

void LinkSignature::overdue() {
  if (!answer_) link_->note_overdue(received_before_);
}

void LinkSignature::deliver(SignatureAnswer answer) {
  answer_ = std::move(answer);
  on_news_();  // this may be gone
}

Result<std::unique_ptr<RemoteHandshake>> HandshakeLink::open(OpenRequest request,
                                                             std::function<void()> on_news) {
  auto id = client_.open(std::move(request));
  on_output();
  if (!id) return pass_on(id);
  return std::make_unique<LinkHandshake>(shared_from_this(), *id, std::move(on_news));
}

Result<std::unique_ptr<AwaitedSignature>> HandshakeLink::sign(Sign request, std::function<void()> on_news) {
  auto id = client_.sign(std::move(request));
  on_output();
  if (!id) return pass_on(id);
  return std::make_unique<LinkSignature>(shared_from_this(), *id, std::move(on_news));
}

void HandshakeLink::cancel(HandshakeId id, CancelReason reason) {
  client_.cancel(id, reason);
  on_output();
  on_handshake_ended();
}

void HandshakeLink::note_overdue(std::uint64_t& received_before) {
  if (std::exchange(received_before, received_) == received_) on_overdue();
}

Result<void> HandshakeLink::receive(ByteView bytes) {
  received_ += bytes.size();
  auto received = client_.receive(bytes);
  while (auto event = client_.next_event()) dispatch(std::move(*event));
  return received;
}

void HandshakeLink::dispatch(ClientEvent event) {
  if (auto* bytes = std::get_if<Received<ServerBytes>>(&event)) {
    deliver(bytes->id, std::move(bytes->body));
  } else if (auto* handoff = std::get_if<Received<Handoff>>(&event)) {
    on_handoff(handoff->body);
    deliver(handoff->id, std::move(handoff->body));
  } else if (auto* failed = std::get_if<Received<Failed>>(&event)) {
    deliver(failed->id, std::move(failed->body));
    on_handshake_ended();
  } else if (auto* signature = std::get_if<Received<Signature>>(&event)) {
    answer(signature->id, std::move(signature->body));
    on_handshake_ended();
  } else if (auto* refused = std::get_if<Received<SignRefused>>(&event)) {
    answer(refused->id, std::move(refused->body));
    on_handshake_ended();
  } else if (auto* hello = std::get_if<Hello>(&event)) {
    on_news(std::move(*hello));
  } else if (auto* pong = std::get_if<Pong>(&event)) {
    on_news(*pong);
  } else if (auto* go_away = std::get_if<GoAway>(&event)) {
    on_news(std::move(*go_away));
  } else {
    on_news(std::get<LinkError>(std::move(event)));
  }
}

void HandshakeLink::deliver(HandshakeId id, HandshakeEvent event) {
  const auto found = handshakes_.find(id);
  if (found != handshakes_.end()) found->second->deliver(std::move(event));
}

void HandshakeLink::answer(HandshakeId id, SignatureAnswer answer) {
  const auto found = signatures_.find(id);
  if (found == signatures_.end()) return;
  LinkSignature& waiting = *found->second;
  signatures_.erase(found);
  waiting.deliver(std::move(answer));
}

void HandshakeLink::output_sent(std::size_t count) {
  client_.output_sent(count);
  tell_of_window();
}

// A window that was closed by too much output is open again.
void HandshakeLink::tell_of_window() {
  for (const auto& [id, handshake] : handshakes_) {
    if (std::exchange(handshake->wants_window_, false)) handshake->on_news_();
  }
}

void HandshakeLink::lose_handshakes(const std::string& reason) {
  for (const auto& [id, handshake] : handshakes_) {
    if (!handshake->ended_) handshake->deliver(LinkLost{reason});
  }
  while (!signatures_.empty()) answer(signatures_.begin()->first, LinkLost{reason});
}

}  // namespace baton::offload
