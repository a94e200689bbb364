// What the key store's program logs and counts of each handshake: one event when it is handed off, one when
// it ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "handshake/handshake.h"
#include "offload/frames.h"

namespace baton::offload {

enum class LogEventKind {
  handed_off,       // the application server has the connection; its OUTCOME is awaited
  failed,           // FAILED was sent
  cancelled,        // by the application server, before or after the handoff
  ended,            // the OUTCOME came; only `established` is a success
  outcome_missing,  // it was handed off, and no OUTCOME came in time
  link_lost,        // the link ended before the handshake did
};
std::string_view to_string(LogEventKind kind);

struct LogEvent {
  LogEventKind kind = LogEventKind::failed;
  HandshakeId id = HandshakeId::link;
  TraceId trace_id{};
  ClientAddress client;
  std::string listener;
  handshake::Summary summary;  // as far as the handshake went

  FailureReason reason = FailureReason::internal;          // of failed
  CancelReason cancel_reason = CancelReason::client_gone;  // of cancelled
  OutcomeKind outcome = OutcomeKind::established;          // of ended
  AlertFrom alert_from = AlertFrom::none;                  // of ended
  tls::Alert alert = tls::Alert::close_notify;             // of failed and ended
  std::string text;                                        // of failed: why; printable ASCII

  std::chrono::microseconds since_open{0};  // from OPEN to this event
  std::chrono::microseconds pending{0};     // of that: waiting for a worker or a tenant, queues included
};

// Handshakes of one link since it began.
struct HandshakeCounts {
  std::uint64_t opened = 0;
  std::uint64_t handed_off = 0;
  std::uint64_t established = 0;      // the successes: an OUTCOME said so
  std::uint64_t not_established = 0;  // an OUTCOME said otherwise
  std::uint64_t outcome_missing = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t link_lost = 0;
};

}  // namespace baton::offload
