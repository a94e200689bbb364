#include "offload/signing_service.h"

#include <algorithm>

#include "crypto/kdf.h"
#include "offload/step_work.h"
#include "tls/signing_input.h"

namespace baton::offload {
namespace {

// Bytes of a CertificateVerify input in front of the transcript hash: spaces, context, zero.
constexpr std::size_t kBeforeTranscriptHash = 64 + 33 + 1;

// Names what is to be signed, also where it is refused, so that the log can be held against other logs.
void name_input(ByteView input, SigningEvent& event) {
  const std::optional<SigningKind> kind = tls::parse_signing_input(input);
  if (kind && kind != SigningKind::tls12_server) {
    event.transcript_hash = to_hex(input.subspan(kBeforeTranscriptHash));
    return;
  }
  std::array<std::uint8_t, 32> digest{};
  if (crypto::digest(crypto::HashAlgorithm::sha256, input, digest)) event.input_sha256 = to_hex(digest);
}

}  // namespace

struct SigningService::Entry {
  SigningEvent event;  // as far as it is known
  std::shared_ptr<StepWork> step;
  std::optional<FairRoom::Place> place;
  std::optional<SigningGrant> grant;
  TimePoint begun;
  TimePoint deadline;
};

SigningService::SigningService(SigningConfig config, LinkServer& link, std::size_t max_held, Clock clock)
    : config_(std::move(config)), link_(link), max_held_(max_held), clock_(std::move(clock)) {}

SigningService::~SigningService() {
  for (const auto& [id, entry] : entries_) {
    if (entry.step) entry.step->abandoned = true;  // the worker need not begin
  }
}

std::shared_ptr<StepWork> SigningService::on_sign(Received<Sign> event, std::size_t held, TimePoint now) {
  Sign& sign = event.body;
  Entry fresh;
  fresh.event.trace_id = sign.trace_id;
  fresh.event.client = sign.client;
  fresh.event.key = sign.key;
  fresh.event.kind = sign.kind;
  fresh.event.scheme = sign.scheme;
  name_input(sign.input, fresh.event);
  fresh.begun = now;
  std::chrono::milliseconds timeout = config_.timeout;
  if (sign.deadline_ms != 0) timeout = std::min(timeout, std::chrono::milliseconds(sign.deadline_ms));
  fresh.deadline = now + timeout;
  const auto entry = entries_.emplace(event.id, std::move(fresh)).first;
  deadlines_.emplace(entry->second.deadline, event.id);

  std::optional<SigningRefused> refused = admit(entry->second, sign, held, now);
  if (!refused) refused = check(entry->second, sign);
  if (refused) {
    refuse(entry, *refused, now);
    return nullptr;
  }
  const std::shared_ptr<const handshake::SigningKey>& key = entry->second.grant->key;
  if (!config_.slow_keys_wait || !is_slow(key->kind())) {
    answer(entry, key->sign(sign.scheme, sign.input), now);
    return nullptr;
  }
  auto step = std::make_shared<StepWork>();
  step->id = event.id;
  step->signature = std::make_unique<SignatureWork>();
  step->signature->key = key;
  step->signature->scheme = sign.scheme;
  step->signature->input = std::move(sign.input);
  entry->second.step = step;
  return step;
}

// Rates and room before anything else is looked at (R9).
std::optional<SigningRefused> SigningService::admit(Entry& entry, const Sign& sign, std::size_t held,
                                                    TimePoint now) {
  if (link_.refuses_opens()) return SigningRefused{SigningRefusal::going_away, "this link is going away"};
  if (config_.admission) {
    SigningAdmitted admitted = config_.admission(sign, now);
    if (!admitted) return std::move(admitted.error());
    entry.place = std::move(*admitted);
  }
  // Cancelled ones that are still with a worker count too.
  if (held <= max_held_) return std::nullopt;
  return SigningRefused{SigningRefusal::overloaded, "too many signatures are with the workers"};
}

std::optional<SigningRefused> SigningService::check(Entry& entry, const Sign& sign) {
  auto grant = config_.grant(sign.key);
  if (!grant) return SigningRefused{SigningRefusal::key_refused, std::move(grant.error())};
  entry.event.label = grant->label;
  entry.grant = std::move(*grant);
  return check_signing(sign.kind, sign.scheme, sign.input, entry.grant->key->kind(), entry.grant->kinds);
}

void SigningService::finish(StepWork& step, TimePoint now) {
  if (step.abandoned) {
    --abandoned_;
    step.place.reset();
    return;
  }
  const auto entry = entries_.find(step.id);
  entry->second.step.reset();
  if (step.ran) return answer(entry, std::move(step.signature->signature), now);
  refuse(
      entry,
      {SigningRefusal::overloaded, "limits.worker_queue signatures of this application server wait already"},
      now);
}

void SigningService::answer(Entries::iterator entry, Result<Bytes> signature, TimePoint now) {
  if (!signature) return refuse(entry, {SigningRefusal::internal, signature.error().message}, now);
  const Result<void> sent = link_.signature(entry->first, std::move(*signature));
  if (sent) return end(entry, SigningOutcome::signed_, now);
  if (link_.closed()) return;  // the owner's settle() ends this with the link
  refuse(entry, {SigningRefusal::internal, sent.error().message}, now);
}

void SigningService::refuse(Entries::iterator entry, const SigningRefused& why, TimePoint now) {
  SigningEvent& event = entry->second.event;
  event.reason = why.reason;
  event.text = frame_text(why.text, kMaxReasonText);
  // Whether such a key exists is not its business.
  constexpr std::string_view kNoSuchKey = "no such key for this application server";
  const std::string_view told =
      why.reason == SigningRefusal::key_refused ? kNoSuchKey : std::string_view(event.text);
  static_cast<void>(link_.refuse_signature(entry->first, why.reason, told));
  end(entry, SigningOutcome::refused, now);
}

bool SigningService::cancel(HandshakeId id, CancelReason reason, TimePoint now) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return false;
  entry->second.event.cancel_reason = reason;
  end(entry, SigningOutcome::cancelled, now);
  return true;
}

void SigningService::expire(TimePoint now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    refuse(entries_.find(deadlines_.begin()->second),
           {SigningRefusal::deadline, "the signature took too long"}, now);
  }
}

std::optional<TimePoint> SigningService::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

void SigningService::lose_link(TimePoint now) {
  while (!entries_.empty()) end(entries_.begin(), SigningOutcome::link_lost, now);
}

void SigningService::end(Entries::iterator entry, SigningOutcome outcome, TimePoint now) {
  Entry& self = entry->second;
  if (clock_) now = clock_();
  self.event.outcome = outcome;
  self.event.since_sign = std::chrono::duration_cast<std::chrono::microseconds>(now - self.begun);
  log_.push_back(std::move(self.event));
  deadlines_.erase({self.deadline, entry->first});
  if (self.step) {
    self.step->abandoned = true;
    if (self.step->taken) {
      ++abandoned_;
      self.step->place = std::move(self.place);
    }
  }
  entries_.erase(entry);
}

std::optional<SigningEvent> SigningService::next_event() {
  if (log_.empty()) return std::nullopt;
  std::optional<SigningEvent> event(std::move(log_.front()));
  log_.pop_front();
  return event;
}

std::string_view to_string(SigningOutcome outcome) {
  switch (outcome) {
    case SigningOutcome::signed_:
      return "signed";
    case SigningOutcome::refused:
      return "refused";
    case SigningOutcome::cancelled:
      return "cancelled";
    case SigningOutcome::link_lost:
      return "link_lost";
  }
  return "unknown";
}

}  // namespace baton::offload
