#include "offload/client_offload.h"

#include <algorithm>

#include "tls/alert.h"
#include "tls/hello_retry.h"
#include "tls/limits.h"

namespace baton::offload {
namespace {

constexpr std::chrono::milliseconds kLookForLink{20};
constexpr std::size_t kMostReplayed = kClientWindow / 2;  // bytes of a client's ClientHellos

bool is_retry_request(ByteView records) {
  return records.size() > tls::kRecordHeaderSize &&
         tls::is_hello_retry_request(records.subspan(tls::kRecordHeaderSize));
}

}  // namespace

ClientOffload::ClientOffload(OpenRequest request, TimePoint ends_at, KeyStoreSet& key_stores,
                             KeyStorePicker& picker, const OffloadPolicy& policy,
                             std::function<void()> on_news)
    : request_(std::move(request)),
      ends_at_(ends_at),
      key_stores_(key_stores),
      picker_(picker),
      policy_(policy),
      on_news_(std::move(on_news)) {}

ClientOffload::~ClientOffload() {
  for (const Attempt& attempt : attempts_) picker_.ended(attempt.store);
}

void ClientOffload::feed(ByteView client_bytes) {
  append(stream_, client_bytes);
  if (!replayable_) return;
  hellos_.feed(client_bytes);
  // What is kept fills the window, and a larger ClientHello would never come whole: it goes on without a
  // second chance.
  if (stream_.size() <= kMostReplayed || attempts_.empty()) return;
  replayable_ = false;
  hedge_at_.reset();
  for (Attempt& attempt : attempts_) attempt.owed.reset();
  drop_consumed();
}

std::optional<OffloadEvent> ClientOffload::next(TimePoint now) {
  if (finished_) return std::nullopt;
  if (auto event = take_events(now)) return event;
  give_up_overdue(now);
  if (attempts_.empty()) {
    if (auto event = begin(now)) return event;
  }
  hedge(now);
  forward(now);
  return std::nullopt;
}

std::optional<OffloadEvent> ClientOffload::take_events(TimePoint now) {
  // handle() may take any attempt away, so the search begins again each time.
  for (std::size_t i = 0; i < attempts_.size();) {
    auto event = attempts_[i].remote->next_event();
    if (!event) {
      ++i;
      continue;
    }
    auto result = handle(attempts_.begin() + static_cast<std::ptrdiff_t>(i), std::move(*event), now);
    if (result) return result;
    i = 0;
  }
  return std::nullopt;
}

std::optional<OffloadEvent> ClientOffload::handle(Attempts::iterator attempt, HandshakeEvent event,
                                                  TimePoint now) {
  if (auto* bytes = std::get_if<ServerBytes>(&event)) return on_bytes(attempt, std::move(*bytes), now);
  if (auto* handoff = std::get_if<Handoff>(&event)) return on_handoff(attempt, std::move(*handoff), now);
  if (auto* failed = std::get_if<Failed>(&event)) return on_failed(attempt, std::move(*failed), now);
  return on_lost(attempt, std::get<LinkLost>(std::move(event)));
}

std::optional<OffloadEvent> ClientOffload::on_bytes(Attempts::iterator attempt, ServerBytes event,
                                                    TimePoint now) {
  attempt->consumed = event.consumed;
  if (!strip_repeated(*attempt, event.bytes)) {
    give_up(attempt, "it answers otherwise than the key store before", Exclude::yes);
    return std::nullopt;
  }
  if (event.bytes.empty()) {
    if (attempts_.size() == 1) consumed_ = std::max(consumed_, event.consumed);
    drop_consumed();
    return std::nullopt;
  }
  choose(attempt, now);
  blame_broken(now);
  note_sent(event.bytes);
  drop_consumed();
  return event;
}

std::optional<OffloadEvent> ClientOffload::on_handoff(Attempts::iterator attempt, Handoff event,
                                                      TimePoint now) {
  attempt->consumed = event.consumed;
  if (!strip_repeated(*attempt, event.server_bytes) || attempt->repeated < repeatable_.size()) {
    give_up(attempt, "it answers otherwise than the key store before", Exclude::yes);
    return std::nullopt;
  }
  choose(attempt, now);
  blame_broken(now);
  replayable_ = false;
  drop_consumed();
  return finish(std::move(event));
}

std::optional<OffloadEvent> ClientOffload::on_failed(Attempts::iterator attempt, Failed event,
                                                     TimePoint now) {
  if (!replayable_) return finish(std::move(event));
  note_failure(attempt->store, event.reason, now);
  if (may_differ_elsewhere(event.reason) && may_ask_again(event.reason)) {
    give_up_failed(attempt, event);
    event.server_bytes.clear();  // an alert of our own will do, if no other key store does better
    last_failure_ = std::move(event);
    return std::nullopt;
  }
  // What it repeats, the client has. It speaks of the first ClientHello where another key store has asked for
  // a second one; behind that request, the alert is legal in plaintext too.
  if (!strip_repeated(*attempt, event.server_bytes)) event.server_bytes = tls::plaintext_alert(event.alert);
  attempt->owed.reset();  // refusing is quick, and says nothing of how quickly it answers
  choose(attempt, now);
  return finish(std::move(event));
}

// What tells of the key store, and not of its client. Whether `internal` does shows when another one answers.
void ClientOffload::note_failure(KeyStoreIndex store, FailureReason reason, TimePoint now) {
  if (reason == FailureReason::internal) broken_.push_back(store);
  if (reason == FailureReason::overloaded) picker_.overloaded(store, now);
  if (reason == FailureReason::deadline && answer_is_owed()) picker_.failed(store, now);
  if (reason == FailureReason::going_away && went_away(store)) picker_.failed(store, now);
}

bool ClientOffload::went_away(KeyStoreIndex store) const {
  return std::ranges::find(went_away_, store) != went_away_.end();
}

// Who goes away says so by GO_AWAY, and is not asked again until a new link comes up. One that answers so all
// the same is broken.
void ClientOffload::give_up_failed(Attempts::iterator attempt, const Failed& failed) {
  const bool may_come_back = failed.reason == FailureReason::going_away && !went_away(attempt->store);
  if (may_come_back) went_away_.push_back(attempt->store);
  give_up(attempt, std::string(to_string(failed.reason)) + ": " + failed.text,
          may_come_back ? Exclude::no : Exclude::yes);
}

std::optional<OffloadEvent> ClientOffload::on_lost(Attempts::iterator attempt, LinkLost event) {
  if (!replayable_) return finish(std::move(event));
  give_up(attempt, event.reason, Exclude::no);
  last_failure_ = std::move(event);
  return std::nullopt;
}

// What a key store says of the client, another one would say too. A deadline that passes while the client has
// not said all is the client's.
bool ClientOffload::may_differ_elsewhere(FailureReason reason) const {
  return reason == FailureReason::overloaded || reason == FailureReason::going_away ||
         reason == FailureReason::internal || (reason == FailureReason::deadline && answer_is_owed());
}

// What costs a key store work again has a budget; who goes away has done none.
bool ClientOffload::may_ask_again(FailureReason reason) {
  return attempts_.size() > 1 || reason == FailureReason::going_away || picker_.take_retry();
}

// Takes what the client has already off the front of `bytes`. False: the key store did not say the same.
bool ClientOffload::strip_repeated(Attempt& attempt, Bytes& bytes) const {
  const std::size_t count = std::min(bytes.size(), repeatable_.size() - attempt.repeated);
  const ByteView expected = ByteView(repeatable_).subspan(attempt.repeated, count);
  if (!std::ranges::equal(ByteView(bytes).first(count), expected)) return false;
  attempt.repeated += count;
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
  return true;
}

// The client's handshake goes on with this one; the other one, if there is one, is cancelled.
void ClientOffload::choose(Attempts::iterator attempt, TimePoint now) {
  key_store_ = attempt->store;
  consumed_ = attempt->consumed;
  last_failure_.reset();
  if (attempt->owed) {
    picker_.answered(attempt->store, std::chrono::duration_cast<Microseconds>(now - *attempt->owed), now);
    attempt->owed.reset();
  }
  if (attempts_.size() == 1) return;
  Attempt chosen = std::move(*attempt);
  attempts_.erase(attempt);
  for (Attempt& other : attempts_) {
    other.remote->set_cancel_reason(CancelReason::answered_elsewhere);
    if (other.owed) {
      picker_.outrun(other.store, std::chrono::duration_cast<Microseconds>(now - *other.owed), now);
    }
    picker_.ended(other.store);
  }
  attempts_.clear();
  attempts_.push_back(std::move(chosen));
}

// A client that makes one key store say `internal` makes them all; where another one answers, it was the key
// store's.
void ClientOffload::blame_broken(TimePoint now) {
  for (const KeyStoreIndex store : std::exchange(broken_, {})) picker_.failed(store, now);
}

void ClientOffload::note_sent(ByteView bytes) {
  if (!replayable_) takes_plaintext_ = false;
  if (!replayable_) return;
  replayable_ = takes_plaintext_ = ++answers_ == 1 && is_retry_request(bytes);
  if (replayable_) {
    append(repeatable_, bytes);
    attempts_.front().repeated = repeatable_.size();
  } else {
    repeatable_ = Bytes();
    attempts_.front().repeated = 0;
  }
}

std::optional<OffloadEvent> ClientOffload::finish(OffloadEvent event) {
  finished_ = true;
  return event;
}

void ClientOffload::give_up(Attempts::iterator attempt, std::string reason, Exclude exclude) {
  if (exclude == Exclude::yes) excluded_.push_back(attempt->store);
  failed_attempts_.push_back({attempt->store, reason});
  last_failure_ = LinkLost{std::move(reason)};
  hedge_at_.reset();
  picker_.ended(attempt->store);
  attempts_.erase(attempt);
}

// Only for another key store: the last one keeps its chance until the handshake's own end.
void ClientOffload::give_up_overdue(TimePoint now) {
  for (std::size_t i = 0; i < attempts_.size();) {
    Attempt& attempt = attempts_[i];
    if (!attempt.owed || now < *attempt.owed + policy_.answer_timeout) {
      ++i;
      continue;
    }
    picker_.failed(attempt.store, now);
    attempt.remote->overdue();
    attempt.owed = now;
    if (attempts_.size() == 1 && !ask_another(now, &KeyStorePicker::take_retry)) {
      ++i;
      continue;
    }
    attempts_[i].remote->set_cancel_reason(CancelReason::timeout);
    give_up(attempts_.begin() + static_cast<std::ptrdiff_t>(i), "no answer in time", Exclude::yes);
    i = 0;
  }
}

std::optional<OffloadEvent> ClientOffload::begin(TimePoint now) {
  look_again_.reset();
  if (ask_another(now, nullptr)) {
    waits_until_.reset();
    return std::nullopt;
  }
  // Those that are excluded will not do better in a moment; a link that is missing may come.
  if (begun_ >= policy_.max_attempts || !excluded_.empty()) return fail_without_key_store();
  if (!waits_until_) waits_until_ = now + policy_.wait_for_link;
  if (now >= *waits_until_) return fail_without_key_store();
  look_again_ = now + kLookForLink;
  return std::nullopt;
}

std::optional<OffloadEvent> ClientOffload::fail_without_key_store() {
  if (last_failure_) return finish(std::move(*last_failure_));
  return finish(NoKeyStore{FailureReason::going_away, "no link to a key store that answers"});
}

// One that is not asked already.
bool ClientOffload::ask_another(TimePoint now, Permission take_permission) {
  if (!replayable_) return false;
  std::vector<KeyStoreIndex> others = excluded_;
  for (const Attempt& attempt : attempts_) others.push_back(attempt.store);
  while (begun_ < policy_.max_attempts) {
    const auto store = picker_.pick(others, now);
    if (!store || (take_permission != nullptr && !(picker_.*std::exchange(take_permission, nullptr))()))
      return false;
    if (open_at(*store, now)) return true;
    others.push_back(*store);
  }
  return false;
}

bool ClientOffload::open_at(KeyStoreIndex store, TimePoint now) {
  OpenRequest request = request_;
  request.deadline =
      std::max(std::chrono::ceil<std::chrono::milliseconds>(ends_at_ - now), std::chrono::milliseconds(1));
  const std::size_t size = std::min<std::size_t>(stream_.size(), kClientWindow);
  request.first_bytes.assign(stream_.begin(), stream_.begin() + static_cast<std::ptrdiff_t>(size));
  auto remote = key_stores_.open(store, std::move(request), on_news_);
  if (!remote) {
    const bool full = remote.error().code == ErrorCode::limit_exceeded;
    if (full) excluded_.push_back(store);  // otherwise its link has just ended, and another one will come
    last_failure_ =
        NoKeyStore{full ? FailureReason::overloaded : FailureReason::going_away, remote.error().message};
    return false;
  }
  ++begun_;
  picker_.began(store);
  Attempt& attempt = attempts_.emplace_back();
  attempt.store = store;
  attempt.remote = std::move(*remote);
  attempt.forwarded = size;
  return true;
}

void ClientOffload::hedge(TimePoint now) {
  if (!hedge_at_ || now < *hedge_at_) return;
  hedge_at_.reset();
  if (hedged_ || attempts_.size() != 1 || !attempts_.front().owed) return;
  hedged_ = ask_another(now, &KeyStorePicker::take_hedge);
}

// Sends what the windows allow; the rest follows when a key store has moved on.
void ClientOffload::forward(TimePoint now) {
  for (Attempt& attempt : attempts_) {
    const auto at = static_cast<std::size_t>(attempt.forwarded - base_);
    const std::size_t left = stream_.size() - at;
    const std::size_t count = left == 0 ? 0 : std::min(left, attempt.remote->window());
    // A refusal means that the link has ended, which comes as an event.
    if (count > 0 && attempt.remote->send(ByteView(stream_).subspan(at, count))) attempt.forwarded += count;
    if (attempt.owed || !answer_is_owed() || attempt.forwarded < base_ + stream_.size()) continue;
    attempt.owed = now;
    const auto delay = policy_.hedge && answers_ == 0 ? picker_.hedge_after() : std::nullopt;
    if (delay && !hedged_) hedge_at_ = now + *delay;
  }
}

std::optional<TimePoint> ClientOffload::next_deadline() const {
  if (finished_) return std::nullopt;
  std::optional<TimePoint> next = look_again_;
  const auto take = [&next](TimePoint deadline) { next = std::min(deadline, next.value_or(deadline)); };
  if (hedge_at_) take(*hedge_at_);
  for (const Attempt& attempt : attempts_) {
    if (attempt.owed) take(*attempt.owed + policy_.answer_timeout);
  }
  return next;
}

void ClientOffload::drop_consumed() {
  if (replayable_ || attempts_.size() > 1) return;
  const auto count = static_cast<std::size_t>(consumed_ - base_);
  stream_.erase(stream_.begin(), stream_.begin() + static_cast<std::ptrdiff_t>(count));
  base_ = consumed_;
}

Bytes ClientOffload::take_unused() {
  drop_consumed();
  return std::exchange(stream_, {});
}

void ClientOffload::report(const Outcome& outcome) {
  if (!attempts_.empty()) attempts_.front().remote->report(outcome);
}

void ClientOffload::set_cancel_reason(CancelReason reason) {
  for (Attempt& attempt : attempts_) attempt.remote->set_cancel_reason(reason);
}

}  // namespace baton::offload
