// One signature, from whichever key store gives it: the application server's side above the links, for
// handshakes that it does itself.
//
// A signature does not depend on who makes it, so until it is there every key store may be asked: one that
// dies, refuses for want of room or does not answer in time costs time, and no handshake.
//
// Sans-I/O; for one thread. Time is what the caller gives.
#pragma once

#include <string>
#include <vector>

#include "offload/client_offload.h"
#include "offload/key_store_picker.h"
#include "offload/signing_request.h"

namespace baton::offload {

class SignatureOffload {
 public:
  // `request` without deadline_ms. The key stores are told that nobody waits behind `ends_at`. `on_news` is
  // called when next() may have something. All references must outlive this.
  SignatureOffload(Sign request, TimePoint ends_at, SigningKeyStoreSet& key_stores, KeyStorePicker& picker,
                   const OffloadPolicy& policy, std::function<void()> on_news);
  SignatureOffload(const SignatureOffload&) = delete;
  SignatureOffload& operator=(const SignatureOffload&) = delete;
  // Cancels what has not ended.
  ~SignatureOffload();

  // The end of it, once. Call it at first, after on_news, and at next_deadline().
  using Answer = tl::expected<Bytes, SigningRefused>;
  std::optional<Answer> next(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

  // For those that the destructor cancels.
  void set_cancel_reason(CancelReason reason);

  // Since the last call.
  std::vector<FailedAttempt> take_failed_attempts() { return std::exchange(failed_attempts_, {}); }
  // Which key store has given the signature.
  KeyStoreIndex key_store() const { return key_store_; }

 private:
  std::optional<Answer> take_answer(TimePoint now);
  std::optional<Answer> refused(SigningRefused why, TimePoint now);
  std::optional<Answer> begin(TimePoint now);
  bool ask_another(TimePoint now);
  bool ask(KeyStoreIndex store, TimePoint now);
  void give_up(std::string reason);
  std::optional<Answer> finish(Answer answer);

  Sign request_;
  TimePoint ends_at_;
  SigningKeyStoreSet& key_stores_;
  KeyStorePicker& picker_;
  const OffloadPolicy& policy_;
  std::function<void()> on_news_;

  std::unique_ptr<AwaitedSignature> awaited_;
  KeyStoreIndex key_store_ = 0;
  TimePoint asked_;     // when it was
  TimePoint overdue_;   // when another one is asked, if there is one
  unsigned begun_ = 0;  // attempts in all
  std::vector<KeyStoreIndex> excluded_;
  std::optional<TimePoint> waits_until_;  // for a link
  std::optional<TimePoint> look_again_;   // for one
  std::optional<SigningRefused> last_failure_;
  std::vector<FailedAttempt> failed_attempts_;
  bool finished_ = false;
};

}  // namespace baton::offload
