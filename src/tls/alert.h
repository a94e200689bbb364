// Alerts as they stand in a record; their descriptions are public.
#pragma once

#include <cstdint>

#include "baton/alert.h"

namespace baton::tls {

using baton::Alert;
using baton::Failure;
using baton::to_string;

enum class AlertLevel : std::uint8_t { warning = 1, fatal = 2 };

}  // namespace baton::tls
