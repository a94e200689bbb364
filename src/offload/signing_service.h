// The key store's signatures for one link: SIGN comes in, SIGNATURE or SIGN_REFUSED goes out.
//
// Part of a HandshakeService, which owns the link; sans-I/O, for the loop's thread.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "handshake/signing_key.h"
#include "offload/fair_room.h"
#include "offload/link_server.h"
#include "offload/signing_request.h"
#include "offload/time.h"

namespace baton::offload {

struct StepWork;

// What a link may do with a key.
struct SigningGrant {
  std::shared_ptr<const handshake::SigningKey> key;
  SigningKinds kinds;
  std::string label;  // for logs: whose key it is
};
// The error: why there is none, for the key store's log. Its peer only hears key_refused.
using SigningGrants = std::function<tl::expected<SigningGrant, std::string>(const KeyDigest&)>;

// Asked for each SIGN before anything else is done for it (R9). What it gives is held until the answer.
using SigningAdmitted = tl::expected<FairRoom::Place, SigningRefused>;
using SigningAdmission = std::function<SigningAdmitted(const Sign&, TimePoint)>;

struct SigningConfig {
  SigningGrants grant;                        // null: this key store does not sign
  SigningAdmission admission;                 // null: all may begin
  std::chrono::milliseconds timeout{10'000};  // from SIGN to its answer; a peer can only ask for less
  bool slow_keys_wait = true;                 // for a worker: see HandshakeService::take_pending()
};

enum class SigningOutcome : std::uint8_t { signed_, refused, cancelled, link_lost };
std::string_view to_string(SigningOutcome outcome);

// One line of the audit log: what became of one SIGN.
struct SigningEvent {
  SigningOutcome outcome = SigningOutcome::refused;
  TraceId trace_id{};
  ClientAddress client;
  KeyDigest key{};
  std::string label;  // of the grant; empty without one
  SigningKind kind = SigningKind::tls13_server;
  std::uint16_t scheme = 0;
  // What was to be signed: the transcript hash of a CertificateVerify, else the SHA-256 of the input.
  std::string transcript_hash;                             // hexadecimal; empty: it has none
  std::string input_sha256;                                // hexadecimal; empty: it has a transcript hash
  SigningRefusal reason = SigningRefusal::internal;        // of refused
  CancelReason cancel_reason = CancelReason::client_gone;  // of cancelled
  std::string text;                                        // of refused: why; printable ASCII
  std::chrono::microseconds since_sign{0};
};

class SigningService {
 public:
  using Clock = std::function<TimePoint()>;

  // `link` outlives it. `clock`: for durations; may be null.
  SigningService(SigningConfig config, LinkServer& link, std::size_t max_held, Clock clock);
  SigningService(const SigningService&) = delete;
  SigningService& operator=(const SigningService&) = delete;
  ~SigningService();

  // A step for a worker comes out where the key is slow; it has no owner yet.
  std::shared_ptr<StepWork> on_sign(Received<Sign> event, std::size_t held, TimePoint now);
  // Takes a step back, run or not.
  void finish(StepWork& step, TimePoint now);
  // False: it is no signature that is awaited here.
  bool cancel(HandshakeId id, CancelReason reason, TimePoint now);
  void expire(TimePoint now);
  std::optional<TimePoint> next_deadline() const;
  void lose_link(TimePoint now);

  std::size_t held() const { return entries_.size() + abandoned_; }
  std::optional<SigningEvent> next_event();

 private:
  struct Entry;
  using Entries = std::map<HandshakeId, Entry>;

  std::optional<SigningRefused> admit(Entry& entry, const Sign& sign, std::size_t held, TimePoint now);
  std::optional<SigningRefused> check(Entry& entry, const Sign& sign);
  void answer(Entries::iterator entry, Result<Bytes> signature, TimePoint now);
  void refuse(Entries::iterator entry, const SigningRefused& why, TimePoint now);
  void end(Entries::iterator entry, SigningOutcome outcome, TimePoint now);

  SigningConfig config_;
  LinkServer& link_;
  std::size_t max_held_;
  Clock clock_;
  Entries entries_;
  std::set<std::pair<TimePoint, HandshakeId>> deadlines_;
  std::size_t abandoned_ = 0;  // with a worker, though nobody waits any more
  std::deque<SigningEvent> log_;
};

}  // namespace baton::offload
