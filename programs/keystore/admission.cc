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
  if (!keeps_to_its_rate(application_server, now)) {
    return tl::unexpected(
        Refusal{FailureReason::rate_limited, "this application server is above application_server.rate"});
  }
  if (!clients_.take(open.client, now)) {
    return tl::unexpected(Refusal{FailureReason::rate_limited, "this client is above limits.client_rate"});
  }
  auto place = handshakes_.take(application_server);
  if (!place) {
    return tl::unexpected(Refusal{FailureReason::overloaded,
                                  "limits.max_handshakes are under way, or this one's part of them"});
  }
  return std::move(*place);
}

bool Admission::keeps_to_its_rate(std::size_t application_server, offload::TimePoint now) {
  const offload::Rate& rate = config_.application_servers[application_server].rate;
  if (!rate.is_limited()) return true;
  const std::lock_guard lock(mutex_);
  return application_servers_[application_server].take(rate, now);
}

}  // namespace baton::keystore
