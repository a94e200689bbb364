#include "keystore/admission.h"

namespace baton::keystore {

using offload::FailureReason;
using offload::Refusal;

Admission::Admission(const Config& config, std::uint64_t seed)
    : config_(config),
      application_servers_(config.application_servers.size()),
      clients_(config.limits.client_rate, seed),
      handshakes_(config.limits.max_handshakes, config.application_servers.size()) {}

offload::Admitted Admission::admit(std::size_t application_server, const offload::Open& open,
                                   offload::TimePoint now) {
  if (auto refusal = count(application_server, open, now)) return tl::unexpected(std::move(*refusal));
  auto place = handshakes_.take(application_server);
  if (!place) {
    return tl::unexpected(Refusal{FailureReason::overloaded,
                                  "limits.max_handshakes are under way, or this one's part of them"});
  }
  return std::move(*place);
}

// Counts for both or for none: else one client beyond its rate would use up that of its application server.
std::optional<Refusal> Admission::count(std::size_t application_server, const offload::Open& open,
                                        offload::TimePoint now) {
  const offload::Rate& rate = config_.application_servers[application_server].rate;
  const std::lock_guard lock(mutex_);
  offload::RateMeter& meter = application_servers_[application_server];
  if (!meter.would_take(rate, now)) {
    return Refusal{FailureReason::rate_limited, "this application server is above application_server.rate"};
  }
  if (!clients_.take(open.client, now, static_cast<std::uint32_t>(application_server))) {
    return Refusal{FailureReason::rate_limited, "this client is above limits.client_rate"};
  }
  meter.take(rate, now);
  return std::nullopt;
}

}  // namespace baton::keystore
