// The audit log of signatures: one line and one counter for each SIGN.
#pragma once

#include <string>

#include "common/counters.h"
#include "common/log_throttle.h"
#include "offload/signing_service.h"

namespace baton::keystore {

void record(const offload::SigningEvent& event, const std::string& application_server,
            programs::Counters& counters, programs::LogThrottle& refusals);

}  // namespace baton::keystore
