// TLS alerts (RFC 8446 §6, RFC 5246 §7.2).
#pragma once

#include <cstdint>
#include <string>

#include "baton/export.h"

namespace baton {

// By the numbers of the RFCs.
enum class Alert : std::uint8_t {
  close_notify = 0,
  unexpected_message = 10,
  bad_record_mac = 20,
  record_overflow = 22,
  handshake_failure = 40,
  bad_certificate = 42,
  unsupported_certificate = 43,
  certificate_revoked = 44,
  certificate_expired = 45,
  certificate_unknown = 46,
  illegal_parameter = 47,
  unknown_ca = 48,
  access_denied = 49,
  decode_error = 50,
  decrypt_error = 51,
  protocol_version = 70,
  insufficient_security = 71,
  internal_error = 80,
  inappropriate_fallback = 86,
  user_canceled = 90,
  no_renegotiation = 100,  // TLS 1.2 only
  missing_extension = 109,
  unsupported_extension = 110,
  unrecognized_name = 112,
  bad_certificate_status_response = 113,
  unknown_psk_identity = 115,
  certificate_required = 116,
  no_application_protocol = 120,
};

// The name in the RFC, or "alert(N)" for a number that no RFC here names.
BATON_EXPORT std::string to_string(Alert alert);

// Why a connection or handshake cannot go on: the alert, who sent it, and a text for the operator.
struct BATON_EXPORT Failure {
  Alert alert = Alert::internal_error;  // what was sent, or is to be sent
  bool from_peer = false;               // the peer sent the alert; otherwise it is ours to send
  std::string reason;                   // for the operator
};

}  // namespace baton
