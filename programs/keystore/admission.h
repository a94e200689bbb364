// Whether a handshake may begin: rates, and room among all handshakes of the process (R9). Any thread.
#pragma once

#include <mutex>
#include <vector>

#include "keystore/config.h"
#include "offload/client_rates.h"
#include "offload/handshake_service.h"

namespace baton::keystore {

class Admission {
 public:
  // `seed`: see ClientRates. `config` must outlive it.
  Admission(const Config& config, std::uint64_t seed);

  // `application_server`: its place in config.application_servers.
  offload::Admitted admit(std::size_t application_server, const offload::Open& open, offload::TimePoint now);

 private:
  std::optional<offload::Refusal> count(std::size_t application_server, const offload::Open& open,
                                        offload::TimePoint now);

  const Config& config_;
  std::mutex mutex_;
  std::vector<offload::RateMeter> application_servers_;
  offload::ClientRates clients_;
  offload::FairRoom handshakes_;
};

}  // namespace baton::keystore
