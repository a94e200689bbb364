// Alerts as they stand in a record; their descriptions are public.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "baton/alert.h"

namespace baton::tls {

using baton::Alert;
using baton::Failure;
using baton::to_string;

enum class AlertLevel : std::uint8_t { warning = 1, fatal = 2 };

// The record of a fatal alert in plaintext: legal, and understood, as long as the client has been sent
// nothing, or a HelloRetryRequest only (RFC 8446 §5).
Bytes plaintext_alert(Alert alert);

}  // namespace baton::tls
