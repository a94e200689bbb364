// The key store's log lines and counters of handshakes.
#pragma once

#include <string>

#include "common/counters.h"
#include "offload/log_event.h"

namespace baton::keystore {

// Logs one event and counts it by its reason.
void record(const offload::LogEvent& event, const std::string& application_server,
            programs::Counters& counters);

}  // namespace baton::keystore
