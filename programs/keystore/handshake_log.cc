#include "keystore/handshake_log.h"

#include "common/log.h"

namespace baton::keystore {
namespace {

using offload::LogEventKind;
using programs::LogLevel;

std::string reason_of(const offload::LogEvent& event) {
  switch (event.kind) {
    case LogEventKind::failed:
      return std::string(offload::to_string(event.reason));
    case LogEventKind::cancelled:
      return std::string(offload::to_string(event.cancel_reason));
    case LogEventKind::ended:
      return std::string(offload::to_string(event.outcome));
    case LogEventKind::handed_off:
    case LogEventKind::outcome_missing:
    case LogEventKind::link_lost:
      break;
  }
  return {};
}

std::string alert_of(const offload::LogEvent& event) {
  const bool failed_by_alert = event.kind == LogEventKind::failed && event.alert != tls::Alert::close_notify;
  const bool ended_by_alert =
      event.kind == LogEventKind::ended && event.alert_from != offload::AlertFrom::none;
  return failed_by_alert || ended_by_alert ? tls::to_string(event.alert) : std::string();
}

// As it should be, or no loss: another key store was faster.
bool is_good(const offload::LogEvent& event) {
  return (event.kind == LogEventKind::cancelled &&
          event.cancel_reason == offload::CancelReason::answered_elsewhere) ||
         event.kind == LogEventKind::handed_off ||
         (event.kind == LogEventKind::ended && event.outcome == offload::OutcomeKind::established);
}

// What a flood of handshakes would write once for each of them.
bool is_refusal(const offload::LogEvent& event) {
  return event.kind == LogEventKind::failed && offload::is_refusal(event.reason);
}

}  // namespace

void record(const offload::LogEvent& event, const std::string& application_server,
            programs::Counters& counters, programs::LogThrottle& refusals) {
  const std::string kind = "handshake_" + std::string(offload::to_string(event.kind));
  const std::string reason = reason_of(event);
  counters.get(reason.empty() ? kind : kind + "_" + reason).add();

  if (event.kind == LogEventKind::handed_off) {
    counters.get(event.summary.early ? "handoffs_early" : "handoffs_late").add();
  }

  const LogLevel level = is_good(event) ? LogLevel::info : LogLevel::warning;
  if (!programs::logs(level)) return;
  if (is_refusal(event) && !refusals.admit(std::chrono::steady_clock::now())) return;
  const std::string trace = to_hex(event.trace_id);
  const std::string client = offload::to_string(event.client);
  const std::string alert = alert_of(event);
  const handshake::Summary& summary = event.summary;
  programs::log_event(level, programs::LogKey::from_checked(kind),
                      {{"trace", trace},
                       {"client", client},
                       {"application_server", application_server},
                       {"listener", event.listener},
                       {"server_name", summary.server_name},
                       {"reason", reason},
                       {"alert", alert},
                       {"detail", event.text},
                       {"version", summary.version},
                       {"suite", summary.suite},
                       {"group", summary.group},
                       {"signature", summary.signature},
                       {"alpn", summary.alpn},
                       {"resumed", summary.resumed},
                       {"early", summary.early},
                       {"us", static_cast<std::int64_t>(event.since_open.count())},
                       {"pending_us", static_cast<std::int64_t>(event.pending.count())}});
}

}  // namespace baton::keystore
