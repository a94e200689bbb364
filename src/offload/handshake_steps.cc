// HandshakeService: what a step of a handshake comes to.

#include <algorithm>
#include <utility>

#include "offload/handshake_entry.h"

namespace baton::offload {

using handshake::PendingReason;
using handshake::Progress;

namespace {

FailureReason reason_of(const tls::Failure& failure) {
  if (failure.from_peer) return FailureReason::tls_alert_received;
  if (failure.alert == tls::Alert::unrecognized_name) return FailureReason::name_refused;
  if (failure.alert == tls::Alert::internal_error) return FailureReason::internal;
  return FailureReason::tls_alert_sent;
}

}  // namespace

void HandshakeService::after_step(Entries::iterator entry, Progress progress, TimePoint now) {
  Bytes output = entry->second.handshake->take_output();
  switch (progress) {
    case Progress::need_bytes:
      return send_progress(entry, output);
    case Progress::pending:
      send_progress(entry, output);
      return wait(entry, now);
    case Progress::complete:
      return hand_off(entry, std::move(output), now);
    case Progress::failed:
      return fail_tls(entry, std::move(output), now);
  }
}

void HandshakeService::send_progress(Entries::iterator entry, const Bytes& output) {
  Entry& self = entry->second;
  const std::uint64_t consumed = self.handshake->consumed();
  if (output.empty() && consumed - self.reported < kConsumedReportStep) return;
  // A failure here means that the link has ended: settle() ends the handshake with it.
  static_cast<void>(link_.server_bytes(entry->first, consumed, output));
  self.reported = consumed;
  self.sent_server_bytes = self.sent_server_bytes || !output.empty();
}

void HandshakeService::wait(Entries::iterator entry, TimePoint now) {
  Entry& self = entry->second;
  self.pending_since = now;
  if (self.handshake->pending_reason() == PendingReason::remote_signature) {
    self.handshake->give_signature(fail(ErrorCode::refused, "the key store does not have the key either"));
    return after_step(entry, self.handshake->advance({}), now);
  }
  if (self.handshake->pending_reason() != PendingReason::slow_signature) {
    self.stage = Stage::waits_for_tenant;
    return;
  }
  self.stage = Stage::with_worker;
  self.summary = self.handshake->summary();
  self.step = std::make_shared<StepWork>();
  self.step->owner = this;
  self.step->id = entry->first;
  self.step->handshake = std::move(self.handshake);
  pending_.push_back(self.step);
}

std::optional<PendingStep> HandshakeService::take_pending() {
  while (!pending_.empty()) {
    std::shared_ptr<StepWork> step = std::move(pending_.front());
    pending_.pop_front();
    if (step->abandoned) continue;
    step->taken = true;
    return PendingStep(std::move(step));
  }
  return std::nullopt;
}

void HandshakeService::finish(const PendingStep& step, TimePoint now) {
  StepWork& work = *step.work_;
  if (work.owner != this) return;  // it came back already
  work.owner = nullptr;
  if (work.signature) {
    signing_.finish(work, now);
    return settle(now);
  }
  if (work.abandoned) {
    --abandoned_;
    work.handshake.reset();
    work.place.reset();
    return;
  }
  const auto entry = entries_.find(work.id);
  entry->second.handshake = std::move(work.handshake);
  entry->second.step.reset();
  entry->second.end_pending(now);
  if (work.ran) {
    after_step(entry, work.progress, now);
    feed_queued(work.id, now);
  } else {
    fail_service(entry, FailureReason::overloaded,
                 "limits.worker_queue signatures of this application server wait already", now);
  }
  settle(now);
}

void HandshakeService::resume_tenants(TimePoint now) {
  std::vector<HandshakeId> waiting;
  for (const auto& [id, entry] : entries_) {
    if (entry.stage == Stage::waits_for_tenant) waiting.push_back(id);
  }
  for (HandshakeId id : waiting) {
    const auto entry = entries_.find(id);
    entry->second.end_pending(now);
    after_step(entry, entry->second.handshake->advance({}), now);
    feed_queued(id, now);
  }
  settle(now);
}

void HandshakeService::hand_off(Entries::iterator entry, Bytes output, TimePoint now) {
  Entry& self = entry->second;
  const std::uint64_t consumed = self.handshake->consumed();
  self.summary = self.handshake->summary();
  Result<tls::ConnectionState> state = self.handshake->take_state();
  self.handshake.reset();
  self.place.reset();
  if (!state)
    return fail_service(entry, FailureReason::internal, state.error().message, now, std::move(output));

  Result<SecretBuffer> serialized =
      serialization::serialize_unprotected(std::move(*state), link_.version_to_write());
  if (!serialized) return fail_service(entry, FailureReason::internal, serialized.error().message, now);

  self.queued = Bytes();
  Result<void> sent = link_.handoff(entry->first, {consumed, std::move(output), std::move(*serialized)});
  if (!sent) return fail_service(entry, FailureReason::internal, sent.error().message, now);
  self.reported = consumed;
  self.stage = Stage::handed_off;
  // A slow client may use up all its time, and the OUTCOME travels behind that.
  set_deadline(entry, std::max(now, self.client_deadline) + config_.limits.outcome_timeout);
  ++counts_.handed_off;
  log_.push_back(make_log_event(entry, LogEventKind::handed_off, now));
}

void HandshakeService::fail_tls(Entries::iterator entry, Bytes output, TimePoint now) {
  const tls::Failure& failure = entry->second.handshake->failure();
  Failed failed;
  failed.reason = reason_of(failure);
  failed.alert = failure.alert;
  failed.consumed = entry->second.handshake->consumed();
  failed.server_bytes = std::move(output);
  failed.text = failure.reason;
  finish_failed(entry, std::move(failed), now);
}

// A failure that is no TLS failure. The client is told while it can still read a plaintext alert.
void HandshakeService::fail_service(Entries::iterator entry, FailureReason reason, std::string_view text,
                                    TimePoint now, Bytes output) {
  Failed failed;
  failed.reason = reason;
  failed.consumed = entry->second.reported;
  failed.server_bytes = std::move(output);
  failed.text = text;
  if (failed.server_bytes.empty() && !entry->second.sent_server_bytes) {
    failed.alert = tls::Alert::internal_error;
    failed.server_bytes = tls::plaintext_alert(failed.alert);
  }
  finish_failed(entry, std::move(failed), now);
}

void HandshakeService::finish_failed(Entries::iterator entry, Failed failed, TimePoint now) {
  ++counts_.failed;
  LogEvent& log = log_.emplace_back(make_log_event(entry, LogEventKind::failed, now));
  log.reason = failed.reason;
  log.alert = failed.alert;
  log.text = frame_text(failed.text, kMaxReasonText);
  failed.server_name = log.summary.server_name;
  static_cast<void>(link_.fail_handshake(entry->first, std::move(failed)));
  remove(entry);
}

LogEvent HandshakeService::make_log_event(Entries::iterator entry, LogEventKind kind, TimePoint now) const {
  const Entry& self = entry->second;
  if (config_.clock) now = config_.clock();
  LogEvent event;
  event.kind = kind;
  event.id = entry->first;
  event.trace_id = self.trace_id;
  event.client = self.client;
  event.listener = self.listener;
  event.summary = self.handshake ? self.handshake->summary() : self.summary;
  event.since_open = std::chrono::duration_cast<std::chrono::microseconds>(now - self.opened);
  event.pending = self.pending;
  if (self.stage == Stage::waits_for_tenant || self.stage == Stage::with_worker) {
    event.pending += std::chrono::duration_cast<std::chrono::microseconds>(now - self.pending_since);
  }
  return event;
}

std::string_view to_string(LogEventKind kind) {
  switch (kind) {
    case LogEventKind::handed_off:
      return "handed_off";
    case LogEventKind::failed:
      return "failed";
    case LogEventKind::cancelled:
      return "cancelled";
    case LogEventKind::ended:
      return "ended";
    case LogEventKind::outcome_missing:
      return "outcome_missing";
    case LogEventKind::link_lost:
      return "link_lost";
  }
  return "unknown";
}

}  // namespace baton::offload
