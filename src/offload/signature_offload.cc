#include "offload/signature_offload.h"

#include <algorithm>

namespace baton::offload {
namespace {

constexpr std::chrono::milliseconds kLookForLink{20};

}  // namespace

SignatureOffload::SignatureOffload(Sign request, TimePoint ends_at, SigningKeyStoreSet& key_stores,
                                   KeyStorePicker& picker, const OffloadPolicy& policy,
                                   std::function<void()> on_news)
    : request_(std::move(request)),
      ends_at_(ends_at),
      key_stores_(key_stores),
      picker_(picker),
      policy_(policy),
      on_news_(std::move(on_news)) {}

SignatureOffload::~SignatureOffload() {
  if (awaited_) picker_.ended(key_store_);
}

std::optional<SignatureOffload::Answer> SignatureOffload::next(TimePoint now) {
  if (finished_) return std::nullopt;
  if (awaited_ && awaited_->answer()) {
    if (auto answer = take_answer(now)) return answer;
  }
  if (awaited_ && now >= overdue_) {
    picker_.failed(key_store_, now);
    awaited_->overdue();
    overdue_ = now + policy_.answer_timeout;
    // Only for another key store: the last one keeps its chance until the handshake's own end.
    std::vector<KeyStoreIndex> others = excluded_;
    others.push_back(key_store_);
    if (begun_ < policy_.max_attempts && picker_.pick(others, now) && picker_.take_retry()) {
      awaited_->set_cancel_reason(CancelReason::timeout);
      excluded_.push_back(key_store_);
      give_up("no answer in time");
    }
  }
  return awaited_ ? std::nullopt : begin(now);
}

std::optional<SignatureOffload::Answer> SignatureOffload::take_answer(TimePoint now) {
  const SignatureAnswer answer = *awaited_->answer();
  if (const auto* signature = std::get_if<Signature>(&answer)) {
    picker_.answered(key_store_, std::chrono::duration_cast<Microseconds>(now - asked_), now);
    picker_.ended(key_store_);
    awaited_.reset();
    return finish(signature->signature);
  }
  if (const auto* refusal = std::get_if<SignRefused>(&answer))
    return refused({refusal->reason, refusal->text}, now);
  last_failure_ = SigningRefused{SigningRefusal::link_lost, std::get<LinkLost>(answer).reason};
  give_up(last_failure_->text);
  return std::nullopt;
}

std::optional<SignatureOffload::Answer> SignatureOffload::refused(SigningRefused why, TimePoint now) {
  if (why.reason == SigningRefusal::overloaded) picker_.overloaded(key_store_, now);
  if (why.reason == SigningRefusal::internal || why.reason == SigningRefusal::deadline) {
    picker_.failed(key_store_, now);
  }
  // Work that a key store would do again has a budget; who goes away has done none.
  const bool elsewhere =
      may_sign_elsewhere(why.reason) && (why.reason == SigningRefusal::going_away || picker_.take_retry());
  excluded_.push_back(key_store_);
  give_up(std::string(to_string(why.reason)) + ": " + why.text);
  if (!elsewhere) return finish(tl::unexpected(std::move(why)));
  last_failure_ = std::move(why);
  return std::nullopt;
}

std::optional<SignatureOffload::Answer> SignatureOffload::begin(TimePoint now) {
  look_again_.reset();
  if (ask_another(now)) {
    waits_until_.reset();
    return std::nullopt;
  }
  // Those that are excluded will not do better in a moment; a link that is missing may come.
  const std::optional<std::string> away = key_stores_.away();
  const bool may_come =
      begun_ < policy_.max_attempts && excluded_.empty() && (policy_.wait_while_away || !away);
  if (may_come && !waits_until_) waits_until_ = now + policy_.wait_for_link;
  if (may_come && now < *waits_until_) {
    look_again_ = now + kLookForLink;
    return std::nullopt;
  }
  if (last_failure_) return finish(tl::unexpected(std::move(*last_failure_)));
  return finish(tl::unexpected(
      SigningRefused{SigningRefusal::link_lost, away ? "no key store can be reached: " + *away
                                                     : "there is no link to a key store that answers"}));
}

bool SignatureOffload::ask_another(TimePoint now) {
  std::vector<KeyStoreIndex> others = excluded_;
  while (begun_ < policy_.max_attempts) {
    const auto store = picker_.pick(others, now);
    if (!store) return false;
    if (ask(*store, now)) return true;
    others.push_back(*store);
  }
  return false;
}

bool SignatureOffload::ask(KeyStoreIndex store, TimePoint now) {
  Sign request = request_;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(ends_at_ - now);
  request.deadline_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(left.count(), 1, UINT32_MAX));
  auto awaited = key_stores_.sign(store, std::move(request), on_news_);
  if (!awaited) {
    // A link that has just ended, or a key store that does not sign for this one.
    const bool full = awaited.error().code == ErrorCode::limit_exceeded;
    if (awaited.error().code != ErrorCode::io) excluded_.push_back(store);
    last_failure_ = SigningRefused{full ? SigningRefusal::overloaded : SigningRefusal::going_away,
                                   std::move(awaited.error().message)};
    return false;
  }
  ++begun_;
  picker_.began(store);
  awaited_ = std::move(*awaited);
  key_store_ = store;
  asked_ = now;
  overdue_ = now + policy_.answer_timeout;
  return true;
}

void SignatureOffload::give_up(std::string reason) {
  failed_attempts_.push_back({key_store_, std::move(reason)});
  picker_.ended(key_store_);
  awaited_.reset();
}

std::optional<SignatureOffload::Answer> SignatureOffload::finish(Answer answer) {
  finished_ = true;
  return answer;
}

std::optional<TimePoint> SignatureOffload::next_deadline() const {
  if (finished_) return std::nullopt;
  return awaited_ ? std::optional(overdue_) : look_again_;
}

void SignatureOffload::set_cancel_reason(CancelReason reason) {
  if (awaited_) awaited_->set_cancel_reason(reason);
}

}  // namespace baton::offload
