// The key store's log lines and counters of handshakes.
#pragma once

#include <string>

#include "common/counters.h"
#include "common/log_throttle.h"
#include "offload/log_event.h"

namespace baton::keystore {

// Counts one event by its reason, and logs it; of refusals under overload, as many as `refusals` admits.
void record(const offload::LogEvent& event, const std::string& application_server,
            programs::Counters& counters, programs::LogThrottle& refusals);

}  // namespace baton::keystore
