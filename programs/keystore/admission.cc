#include "keystore/admission.h"

namespace baton::keystore {

using offload::FailureReason;
using offload::Refusal;
using offload::SigningRefusal;
using offload::SigningRefused;

namespace {

constexpr const char* kNoRoom = "limits.max_handshakes are under way, or this one's part of them";

}  // namespace

Admission::Admission(const Config& config, std::uint64_t seed)
    : config_(config),
      handshakes_of_servers_(config.application_servers.size()),
      signatures_of_servers_(config.application_servers.size()),
      clients_(config.limits.client_rate, seed),
      handshakes_(config.limits.max_handshakes, config.application_servers.size()) {}

offload::Admitted Admission::admit(std::size_t application_server, const offload::Open& open,
                                   offload::TimePoint now) {
  const OwnRate own{config_.application_servers[application_server].rate,
                    handshakes_of_servers_[application_server],
                    "this application server is above application_server.rate"};
  if (const char* why = count(application_server, own, &open.client, now)) {
    return tl::unexpected(Refusal{FailureReason::rate_limited, why});
  }
  auto place = handshakes_.take(application_server);
  if (!place) return tl::unexpected(Refusal{FailureReason::overloaded, kNoRoom});
  return std::move(*place);
}

offload::SigningAdmitted Admission::admit_signature(std::size_t application_server, const offload::Sign& sign,
                                                    offload::TimePoint now) {
  const OwnRate own{config_.application_servers[application_server].signing_rate,
                    signatures_of_servers_[application_server],
                    "this application server is above application_server.signing_rate"};
  // Programs that sign through OpenSSL do not tell their clients; those are not one client.
  const bool is_known = sign.client != offload::ClientAddress{};
  if (const char* why = count(application_server, own, is_known ? &sign.client : nullptr, now)) {
    return tl::unexpected(SigningRefused{SigningRefusal::rate_limited, why});
  }
  auto place = handshakes_.take(application_server);
  if (!place) return tl::unexpected(SigningRefused{SigningRefusal::overloaded, kNoRoom});
  return std::move(*place);
}

// Counts for both or for none: else one client beyond its rate would use up that of its application server.
const char* Admission::count(std::size_t application_server, OwnRate own,
                             const offload::ClientAddress* client, offload::TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (!own.meter.would_take(own.rate, now)) return own.exceeded;
  if (client != nullptr && !clients_.take(*client, now, static_cast<std::uint32_t>(application_server))) {
    return "this client is above limits.client_rate";
  }
  own.meter.take(own.rate, now);
  return nullptr;
}

}  // namespace baton::keystore
