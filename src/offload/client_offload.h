// The handshake of one client, at whichever key store answers: the application server's side above the links.
//
// Until the client has been sent something that only one key store can go on from, its handshake can begin
// again elsewhere: the client's bytes are kept for that, and a new key store gets them from the first one on.
// What a client has after a HelloRetryRequest another key store repeats byte for byte if it is configured
// alike; then the handshake goes on behind it, and otherwise it fails. So a key store that dies, refuses or
// does not answer in time costs time, and no handshake.
//
// Sans-I/O; for one thread. Time is what the caller gives.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "offload/client_hello_counter.h"
#include "offload/key_store_picker.h"

namespace baton::offload {

struct OffloadPolicy {
  // An answer that is owed for longer makes another key store be asked, if there is one.
  std::chrono::milliseconds answer_timeout{2000};
  // How long to wait for a link when there is none: long enough for a key store that restarts, short enough
  // to fail clearly.
  std::chrono::milliseconds wait_for_link{2000};
  bool wait_while_away = true;  // for signatures: see SigningKeyStoreSet::away()
  unsigned max_attempts = 3;    // a client can make a key store fail; not all of them, one after the other
  bool hedge = false;           // see KeyStorePicker::hedge_after()
};

// No key store could be asked.
struct NoKeyStore {
  FailureReason reason;  // overloaded: there are links, and they are full; otherwise going_away
  std::string text;
};

// ServerBytes are for the client at once. The others are final; Handoff is to be ended by report().
using OffloadEvent = std::variant<ServerBytes, Handoff, Failed, LinkLost, NoKeyStore>;

// A key store was given up before it had answered; another one is asked, if there is one.
struct FailedAttempt {
  KeyStoreIndex store;
  std::string reason;
};

class ClientOffload {
 public:
  // `request` without first_bytes and deadline. The key stores are told that nobody waits behind `ends_at`.
  // `on_news` is called when next() may have something new. All references must outlive this.
  ClientOffload(OpenRequest request, TimePoint ends_at, KeyStoreSet& key_stores, KeyStorePicker& picker,
                const OffloadPolicy& policy, std::function<void()> on_news);
  ClientOffload(const ClientOffload&) = delete;
  ClientOffload& operator=(const ClientOffload&) = delete;
  // Cancels what has not ended.
  ~ClientOffload();

  // How many bytes of the client's stream it takes now, and the next ones.
  std::size_t room() const { return kClientWindow - std::min<std::size_t>(stream_.size(), kClientWindow); }
  void feed(ByteView client_bytes);

  // Call it after feed(), after on_news, and at next_deadline(), until it has nothing more.
  std::optional<OffloadEvent> next(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

  // No event has given anything for the client that makes a plaintext alert illegal; what comes with a
  // Handoff aside.
  bool client_takes_plaintext() const { return takes_plaintext_; }
  // Bytes of the client that the handshake has not used, as far as is known; take_unused() is for behind a
  // Handoff (R2).
  std::size_t unused() const { return stream_.size() - static_cast<std::size_t>(consumed_ - base_); }
  Bytes take_unused();
  std::uint64_t consumed() const { return consumed_; }

  void report(const Outcome& outcome);
  // For those that the destructor cancels.
  void set_cancel_reason(CancelReason reason);

  // Since the last call.
  std::vector<FailedAttempt> take_failed_attempts() { return std::exchange(failed_attempts_, {}); }
  // Two key stores were asked at once.
  bool hedged() const { return hedged_; }
  // Which key store has answered; only after an event that one of them gave.
  KeyStoreIndex key_store() const { return key_store_; }

 private:
  struct Attempt {
    KeyStoreIndex store = 0;
    std::unique_ptr<RemoteHandshake> remote;
    std::uint64_t forwarded = 0;    // bytes of the client's stream that it has
    std::uint64_t consumed = 0;     // of these, used
    std::size_t repeated = 0;       // bytes of repeatable_ that it has sent again
    std::optional<TimePoint> owed;  // since when an answer is
  };
  using Attempts = std::vector<Attempt>;
  using Permission = bool (KeyStorePicker::*)();  // null: none is needed
  enum class Exclude { no, yes };                 // this key store from the attempts that follow

  bool answer_is_owed() const { return replayable_ && hellos_.whole() > answers_; }
  std::optional<OffloadEvent> take_events(TimePoint now);
  std::optional<OffloadEvent> handle(Attempts::iterator attempt, HandshakeEvent event, TimePoint now);
  std::optional<OffloadEvent> on_bytes(Attempts::iterator attempt, ServerBytes event, TimePoint now);
  std::optional<OffloadEvent> on_handoff(Attempts::iterator attempt, Handoff event, TimePoint now);
  std::optional<OffloadEvent> on_failed(Attempts::iterator attempt, Failed event, TimePoint now);
  std::optional<OffloadEvent> on_lost(Attempts::iterator attempt, LinkLost event);

  bool may_differ_elsewhere(FailureReason reason) const;
  bool may_ask_again(FailureReason reason);
  bool strip_repeated(Attempt& attempt, Bytes& bytes) const;
  void choose(Attempts::iterator attempt, TimePoint now);
  void note_sent(ByteView bytes);
  std::optional<OffloadEvent> finish(OffloadEvent event);
  void give_up(Attempts::iterator attempt, std::string reason, Exclude exclude);
  void note_failure(KeyStoreIndex store, FailureReason reason, TimePoint now);
  bool went_away(KeyStoreIndex store) const;
  void blame_broken(TimePoint now);
  void give_up_failed(Attempts::iterator attempt, const Failed& failed);
  void give_up_overdue(TimePoint now);
  std::optional<OffloadEvent> begin(TimePoint now);
  std::optional<OffloadEvent> fail_without_key_store();
  bool ask_another(TimePoint now, Permission take_permission);
  bool open_at(KeyStoreIndex store, TimePoint now);
  void hedge(TimePoint now);
  void forward(TimePoint now);
  void drop_consumed();

  OpenRequest request_;
  TimePoint ends_at_;
  KeyStoreSet& key_stores_;
  KeyStorePicker& picker_;
  const OffloadPolicy& policy_;
  std::function<void()> on_news_;

  Bytes stream_;            // of the client, from offset base_ on
  std::uint64_t base_ = 0;  // 0 while it can begin again
  std::uint64_t consumed_ = 0;
  ClientHelloCounter hellos_;
  Bytes repeatable_;      // what the client has been sent, and another key store would send too
  unsigned answers_ = 0;  // to ClientHellos
  bool replayable_ = true;
  bool takes_plaintext_ = true;

  Attempts attempts_;  // two while hedging
  std::vector<KeyStoreIndex> excluded_;
  std::vector<KeyStoreIndex> went_away_;
  std::vector<KeyStoreIndex> broken_;  // said `internal`
  unsigned begun_ = 0;                 // attempts in all
  bool hedged_ = false;
  std::optional<TimePoint> hedge_at_;
  std::optional<TimePoint> waits_until_;  // for a link
  std::optional<TimePoint> look_again_;   // for one
  std::optional<OffloadEvent> last_failure_;
  std::vector<FailedAttempt> failed_attempts_;
  KeyStoreIndex key_store_ = 0;
  bool finished_ = false;
};

}  // namespace baton::offload
