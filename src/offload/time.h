// The clock of everything here that has deadlines: what the caller gives, and never goes backwards.
#pragma once

#include <chrono>

namespace baton::offload {

using TimePoint = std::chrono::steady_clock::time_point;

}  // namespace baton::offload
