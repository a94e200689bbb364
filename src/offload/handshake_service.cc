#include "offload/handshake_service.h"

#include <algorithm>

#include "offload/handshake_entry.h"

namespace baton::offload {
namespace {

// What is believed of an OPEN's deadline: a handshake may not be kept for ever (R9).
constexpr std::chrono::milliseconds kLongestClientDeadline = std::chrono::minutes(1);

// What this key store says of itself: it signs only where keys can be granted.
HelloInfo own_hello(const ServiceConfig& config) {
  HelloInfo info = config.hello;
  if (!config.signing.grant) info.capabilities &= ~kSigning;
  return info;
}

}  // namespace

HandshakeService::HandshakeService(ServiceConfig config)
    : config_(std::move(config)),
      link_(config_.link, own_hello(config_), config_.version),
      signing_(config_.signing, link_, config_.link.max_in_flight, config_.clock) {}

HandshakeService::~HandshakeService() {
  while (!entries_.empty()) remove(entries_.begin());
}

Result<void> HandshakeService::receive(ByteView bytes, TimePoint now) {
  Result<void> received = link_.receive(bytes);
  while (std::optional<ServerEvent> event = link_.next_event()) {
    std::visit([this, now](auto& value) { on_event(std::move(value), now); }, *event);
  }
  settle(now);
  return received;
}

void HandshakeService::end_link(LinkErrorCode code, std::string_view text, TimePoint now) {
  link_.end_link(code, text);
  settle(now);
}

// Once the link has ended, nothing can be answered any more.
void HandshakeService::settle(TimePoint now) {
  if (link_.closed()) lose_link(now);
}

void HandshakeService::lose_link(TimePoint now) {
  while (!entries_.empty()) {
    const auto entry = entries_.begin();
    ++counts_.link_lost;
    log_.push_back(make_log_event(entry, LogEventKind::link_lost, now));
    remove(entry);
  }
  signing_.lose_link(now);
}

void HandshakeService::on_event(Hello event, TimePoint /*now*/) {
  news_.emplace_back(std::move(event));
}
void HandshakeService::on_event(Pong event, TimePoint /*now*/) {
  news_.emplace_back(event);
}
void HandshakeService::on_event(GoAway event, TimePoint /*now*/) {
  news_.emplace_back(std::move(event));
}
void HandshakeService::on_event(LinkError event, TimePoint /*now*/) {
  news_.emplace_back(std::move(event));
}

void HandshakeService::on_event(Received<Open> event, TimePoint now) {
  // Its CANCEL came in the same read, or the link has ended: there is nothing to begin.
  if (!link_.is_running(event.id) || link_.closed()) return;
  ++counts_.opened;
  Entry fresh;
  fresh.client = event.body.client;
  fresh.listener = event.body.listener;
  fresh.trace_id = event.body.trace_id;
  fresh.opened = now;
  const auto entry = entries_.emplace(event.id, std::move(fresh)).first;
  std::chrono::milliseconds timeout = config_.limits.handshake_timeout;
  if (event.body.deadline_ms != 0)
    timeout = std::min(timeout, std::chrono::milliseconds(event.body.deadline_ms));
  entry->second.client_deadline =
      now + std::min(std::chrono::milliseconds(event.body.deadline_ms), kLongestClientDeadline);
  set_deadline(entry, now + timeout);
  start(entry, event.body, now);
}

void HandshakeService::start(Entries::iterator entry, const Open& open, TimePoint now) {
  if (link_.refuses_opens()) {
    return fail_service(entry, FailureReason::going_away, "this link is going away", now);
  }
  if (const auto refusal = admit(entry->second, open, now)) {
    return fail_service(entry, refusal->reason, refusal->text, now);
  }
  const auto handoff =
      link_.can_hand_off_early() ? handshake::HandoffPoint::early : handshake::HandoffPoint::late;
  auto accepted = config_.endpoint->accept(config_.selector_for(open), handoff);
  if (!accepted) return fail_service(entry, FailureReason::internal, accepted.error().message, now);
  entry->second.handshake = std::move(*accepted);
  if (!open.first_bytes.empty()) feed(entry, open.first_bytes, now);
}

std::optional<Refusal> HandshakeService::admit(Entry& entry, const Open& open, TimePoint now) {
  if (config_.admission) {
    Admitted admitted = config_.admission(open, now);
    if (!admitted) return std::move(admitted.error());
    entry.place = std::move(*admitted);
  }
  // Cancelled handshakes that are still with a worker count too (R9).
  if (held() <= config_.link.max_in_flight) return std::nullopt;
  return Refusal{FailureReason::overloaded, "too many handshakes are with the workers"};
}

void HandshakeService::on_event(Received<ClientBytes> event, TimePoint now) {
  const auto entry = entries_.find(event.id);
  if (entry == entries_.end() || !link_.is_running(event.id) || link_.closed()) return;
  feed(entry, event.body.bytes, now);
}

void HandshakeService::feed(Entries::iterator entry, ByteView bytes, TimePoint now) {
  Entry& self = entry->second;
  self.received += bytes.size();
  if (self.received - self.reported > kClientWindow) {
    return fail_service(entry, FailureReason::byte_budget, "more client bytes than the window allows", now);
  }
  if (self.stage != Stage::running) {
    append(self.queued, bytes);
    return;
  }
  after_step(entry, self.handshake->advance(bytes), now);
}

// What came while the handshake was pending. It may be pending again, or gone, when this is called.
void HandshakeService::feed_queued(HandshakeId id, TimePoint now) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end() || entry->second.stage != Stage::running) return;
  const Bytes queued = std::exchange(entry->second.queued, {});
  if (!queued.empty()) after_step(entry, entry->second.handshake->advance(queued), now);
}

void HandshakeService::on_event(Received<Cancel> event, TimePoint now) {
  if (signing_.cancel(event.id, event.body.reason, now)) return;
  const auto entry = entries_.find(event.id);
  if (entry == entries_.end()) return;
  ++counts_.cancelled;
  LogEvent& log = log_.emplace_back(make_log_event(entry, LogEventKind::cancelled, now));
  log.cancel_reason = event.body.reason;
  remove(entry);
}

void HandshakeService::on_event(Received<Outcome> event, TimePoint now) {
  const auto entry = entries_.find(event.id);
  if (entry == entries_.end()) return;
  ++(event.body.kind == OutcomeKind::established ? counts_.established : counts_.not_established);
  LogEvent& log = log_.emplace_back(make_log_event(entry, LogEventKind::ended, now));
  log.outcome = event.body.kind;
  log.alert = event.body.alert;
  log.alert_from = event.body.from;
  remove(entry);
}

void HandshakeService::on_event(Received<Sign> event, TimePoint now) {
  if (!link_.awaits_signature(event.id) || link_.closed()) return;  // as for OPEN
  const std::size_t held_with_it = held() + 1;
  if (std::shared_ptr<StepWork> step = signing_.on_sign(std::move(event), held_with_it, now)) {
    step->owner = this;
    pending_.push_back(std::move(step));
  }
}

void HandshakeService::set_deadline(Entries::iterator entry, TimePoint deadline) {
  deadlines_.erase({entry->second.deadline, entry->first});
  entry->second.deadline = deadline;
  deadlines_.emplace(deadline, entry->first);
}

std::optional<TimePoint> HandshakeService::next_deadline() const {
  const std::optional<TimePoint> signing = signing_.next_deadline();
  if (deadlines_.empty()) return signing;
  const TimePoint handshakes = deadlines_.begin()->first;
  return signing ? std::min(handshakes, *signing) : handshakes;
}

void HandshakeService::expire(TimePoint now) {
  signing_.expire(now);
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto entry = entries_.find(deadlines_.begin()->second);
    if (entry->second.stage == Stage::handed_off) {
      ++counts_.outcome_missing;
      link_.forget(entry->first);
      log_.push_back(make_log_event(entry, LogEventKind::outcome_missing, now));
      remove(entry);
    } else {
      fail_service(entry, FailureReason::deadline, "the handshake took too long", now);
    }
  }
  settle(now);
}

void HandshakeService::remove(Entries::iterator entry) {
  deadlines_.erase({entry->second.deadline, entry->first});
  if (const std::shared_ptr<StepWork>& step = entry->second.step) {
    step->abandoned = true;
    if (step->taken) {
      ++abandoned_;
      step->place = std::move(entry->second.place);
    } else {
      step->handshake.reset();  // take_pending() passes over it
    }
  }
  entries_.erase(entry);
}

std::optional<LogEvent> HandshakeService::next_log_event() {
  if (log_.empty()) return std::nullopt;
  std::optional<LogEvent> event(std::move(log_.front()));
  log_.pop_front();
  return event;
}

std::optional<LinkNews> HandshakeService::next_news() {
  if (news_.empty()) return std::nullopt;
  std::optional<LinkNews> news(std::move(news_.front()));
  news_.pop_front();
  return news;
}

}  // namespace baton::offload
