// Whether a handshake or a signature may begin: rates, and room among all handshakes of the process (R9). Any
// thread.
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
  offload::SigningAdmitted admit_signature(std::size_t application_server, const offload::Sign& sign,
                                           offload::TimePoint now);

 private:
  struct OwnRate {
    const offload::Rate& rate;
    offload::RateMeter& meter;
    const char* exceeded;  // what to say then
  };
  // Why not; null: it keeps to the rates, and counts. `client`: null where it is not counted.
  const char* count(std::size_t application_server, OwnRate own, const offload::ClientAddress* client,
                    offload::TimePoint now);

  const Config& config_;
  std::mutex mutex_;
  std::vector<offload::RateMeter> handshakes_of_servers_;
  std::vector<offload::RateMeter> signatures_of_servers_;
  offload::ClientRates clients_;
  offload::FairRoom handshakes_;
};

}  // namespace baton::keystore
