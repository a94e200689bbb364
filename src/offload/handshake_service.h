// The key store's end of one link: OPENs become TLS handshakes, handshakes become serialized connections; and
// SIGNs become signatures.
//
// Sans-I/O. A service belongs to one thread (the loop's); only PendingStep::run() may be called on another.
// Nothing in it waits. Time is what the caller gives, and must not go backwards.
//
// After each call: send output(), hand each take_pending() to a worker, log each next_log_event(), and set a
// timer to next_deadline(). While wants_input() is false, do not read from the stream.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "handshake/server.h"
#include "offload/fair_room.h"
#include "offload/link_server.h"
#include "offload/log_event.h"
#include "offload/pending_step.h"
#include "offload/signing_service.h"
#include "offload/time.h"

namespace baton::offload {

// The selector of one handshake. It runs on the thread that runs the step, so also on workers. Wrap it in
// restrict_names(), so that the link serves only the names of its identity.
using SelectorFactory = std::function<handshake::TenantSelector(const Open&)>;

// Why a handshake may not begin.
struct Refusal {
  FailureReason reason;
  std::string text;  // for logs; printable ASCII
};

// Asked for each OPEN before anything else is done for it (R9). What it gives is held until the handshake is
// handed off or has ended.
using Admitted = tl::expected<FairRoom::Place, Refusal>;
using Admission = std::function<Admitted(const Open&, TimePoint)>;

struct ServiceLimits {
  std::chrono::milliseconds handshake_timeout{10'000};  // from OPEN to HANDOFF; a peer can only ask for less
  std::chrono::milliseconds outcome_timeout{30'000};    // for the OUTCOME, beyond the OPEN's own deadline
};

struct ServiceConfig {
  std::shared_ptr<const handshake::ServerEndpoint> endpoint;
  SelectorFactory selector_for;
  Admission admission;  // null: all may begin
  SigningConfig signing;
  // For the durations in log events: the work of a handshake passes inside one call. Null: the time of the
  // call.
  std::function<TimePoint()> clock;
  serialization::SerializationVersion version = serialization::SerializationVersion::none;
  ServiceLimits limits;
  LinkLimits link;
  HelloInfo hello;
};

// Once the link is up, it offers what its capability bits say (HelloInfo): without kSigning, or a way to
// grant keys, it signs nothing; without kSerializationOffload it does no handshakes.
class HandshakeService {
 public:
  explicit HandshakeService(ServiceConfig config);
  HandshakeService(const HandshakeService&) = delete;
  HandshakeService& operator=(const HandshakeService&) = delete;
  ~HandshakeService();

  // Takes bytes of the stream, at most some 64 KiB a time. An error is final: see LinkCore::receive().
  [[nodiscard]] Result<void> receive(ByteView bytes, TimePoint now);
  // The stream is gone: every handshake ends. Also called by the service itself when the link ends.
  void lose_link(TimePoint now);

  ByteView output() const { return link_.output(); }
  void output_sent(std::size_t count) { link_.output_sent(count); }
  bool wants_input() const { return link_.wants_input(); }
  [[nodiscard]] Result<std::uint64_t> ping() { return link_.ping(); }
  void go_away(std::string_view reason) { link_.go_away(reason); }
  // Ends the link and every handshake on it.
  void end_link(LinkErrorCode code, std::string_view text, TimePoint now);
  const LinkCore& link() const { return link_; }

  // A step that waits for a worker. The caller runs it and gives it back.
  std::optional<PendingStep> take_pending();
  // Takes a step back. One that was not run fails its handshake as `overloaded`.
  void finish(const PendingStep& step, TimePoint now);
  // Asks the selectors again that answered SelectLater.
  void resume_tenants(TimePoint now);

  // Ends what is past its deadline.
  void expire(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

  std::optional<LogEvent> next_log_event();
  std::optional<SigningEvent> next_signing_event() { return signing_.next_event(); }
  std::optional<LinkNews> next_news();
  const HandshakeCounts& counts() const { return counts_; }
  // Handshakes and signatures that hold memory here, including cancelled ones that are still with a worker.
  std::size_t held() const { return entries_.size() + abandoned_ + signing_.held(); }

 private:
  struct Entry;
  using Entries = std::map<HandshakeId, Entry>;

  void on_event(Hello event, TimePoint now);
  void on_event(Pong event, TimePoint now);
  void on_event(GoAway event, TimePoint now);
  void on_event(LinkError event, TimePoint now);
  void on_event(Received<Open> event, TimePoint now);
  void on_event(Received<ClientBytes> event, TimePoint now);
  void on_event(Received<Cancel> event, TimePoint now);
  void on_event(Received<Outcome> event, TimePoint now);
  void on_event(Received<Sign> event, TimePoint now);

  void start(Entries::iterator entry, const Open& open, TimePoint now);
  std::optional<Refusal> admit(Entry& entry, const Open& open, TimePoint now);
  void feed(Entries::iterator entry, ByteView bytes, TimePoint now);
  void feed_queued(HandshakeId id, TimePoint now);
  void after_step(Entries::iterator entry, handshake::Progress progress, TimePoint now);
  void send_progress(Entries::iterator entry, const Bytes& output);
  void wait(Entries::iterator entry, TimePoint now);
  void hand_off(Entries::iterator entry, Bytes output, TimePoint now);
  void fail_tls(Entries::iterator entry, Bytes output, TimePoint now);
  void fail_service(Entries::iterator entry, FailureReason reason, std::string_view text, TimePoint now,
                    Bytes output = {});
  void finish_failed(Entries::iterator entry, Failed failed, TimePoint now);
  void set_deadline(Entries::iterator entry, TimePoint deadline);
  void remove(Entries::iterator entry);
  void settle(TimePoint now);
  LogEvent make_log_event(Entries::iterator entry, LogEventKind kind, TimePoint now) const;

  ServiceConfig config_;
  LinkServer link_;
  SigningService signing_;
  Entries entries_;
  std::set<std::pair<TimePoint, HandshakeId>> deadlines_;
  std::deque<std::shared_ptr<StepWork>> pending_;
  std::size_t abandoned_ = 0;  // steps with a worker whose handshake has ended
  std::deque<LogEvent> log_;
  std::deque<LinkNews> news_;
  HandshakeCounts counts_;
};

}  // namespace baton::offload
