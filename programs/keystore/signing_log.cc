#include "keystore/signing_log.h"

#include "common/log.h"

namespace baton::keystore {
namespace {

using offload::SigningOutcome;
using offload::SigningRefusal;
using programs::LogLevel;

std::string_view reason_of(const offload::SigningEvent& event) {
  if (event.outcome == SigningOutcome::refused) return to_string(event.reason);
  if (event.outcome == SigningOutcome::cancelled) return offload::to_string(event.cancel_reason);
  return {};
}

// What a flood would write once for each request. The others are kept to application_server.signing_rate;
// behind a GO_AWAY it is not asked for.
bool is_flood(const offload::SigningEvent& event) {
  return event.outcome == SigningOutcome::refused &&
         (event.reason == SigningRefusal::overloaded || event.reason == SigningRefusal::rate_limited ||
          event.reason == SigningRefusal::going_away);
}

}  // namespace

void record(const offload::SigningEvent& event, const std::string& application_server,
            programs::Counters& counters, programs::LogThrottle& refusals) {
  const std::string kind = "signature_" + std::string(offload::to_string(event.outcome));
  const std::string_view reason = reason_of(event);
  counters.get(reason.empty() ? kind : kind + "_" + std::string(reason)).add();

  const LogLevel level = event.outcome == SigningOutcome::signed_ ? LogLevel::info : LogLevel::warning;
  if (!programs::logs(level)) return;
  if (is_flood(event) && !refusals.admit(std::chrono::steady_clock::now())) return;
  const std::string trace = to_hex(event.trace_id);
  const std::string client = offload::to_string(event.client);
  const std::string key = to_hex(event.key);
  const std::string scheme = offload::scheme_name(event.scheme);
  programs::log_event(level, programs::LogKey::from_checked(kind),
                      {{"trace", trace},
                       {"client", client},
                       {"application_server", application_server},
                       {"key", key},
                       {"tenant", event.label},
                       {"kind", to_string(event.kind)},
                       {"scheme", scheme},
                       {"reason", reason},
                       {"detail", event.text},
                       {"transcript_hash", event.transcript_hash},
                       {"input_sha256", event.input_sha256},
                       {"us", static_cast<std::int64_t>(event.since_sign.count())}});
}

}  // namespace baton::keystore
