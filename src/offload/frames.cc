#include "offload/frames.h"

namespace baton::offload {
namespace {

FrameType frame_type(const Hello& /*body*/) {
  return FrameType::hello;
}
FrameType frame_type(const Ping& /*body*/) {
  return FrameType::ping;
}
FrameType frame_type(const Pong& /*body*/) {
  return FrameType::pong;
}
FrameType frame_type(const GoAway& /*body*/) {
  return FrameType::go_away;
}
FrameType frame_type(const LinkError& /*body*/) {
  return FrameType::link_error;
}
FrameType frame_type(const Open& /*body*/) {
  return FrameType::open;
}
FrameType frame_type(const ClientBytes& /*body*/) {
  return FrameType::client_bytes;
}
FrameType frame_type(const Cancel& /*body*/) {
  return FrameType::cancel;
}
FrameType frame_type(const Outcome& /*body*/) {
  return FrameType::outcome;
}
FrameType frame_type(const Sign& /*body*/) {
  return FrameType::sign;
}
FrameType frame_type(const ServerBytes& /*body*/) {
  return FrameType::server_bytes;
}
FrameType frame_type(const Handoff& /*body*/) {
  return FrameType::handoff;
}
FrameType frame_type(const Failed& /*body*/) {
  return FrameType::failed;
}
FrameType frame_type(const Signature& /*body*/) {
  return FrameType::signature;
}
FrameType frame_type(const SignRefused& /*body*/) {
  return FrameType::sign_refused;
}

}  // namespace

FrameType type_of(const FrameBody& body) {
  return std::visit([](const auto& value) { return frame_type(value); }, body);
}

std::string_view to_string(FrameType type) {
  switch (type) {
    case FrameType::hello:
      return "HELLO";
    case FrameType::ping:
      return "PING";
    case FrameType::pong:
      return "PONG";
    case FrameType::go_away:
      return "GO_AWAY";
    case FrameType::link_error:
      return "LINK_ERROR";
    case FrameType::open:
      return "OPEN";
    case FrameType::client_bytes:
      return "CLIENT_BYTES";
    case FrameType::cancel:
      return "CANCEL";
    case FrameType::outcome:
      return "OUTCOME";
    case FrameType::sign:
      return "SIGN";
    case FrameType::server_bytes:
      return "SERVER_BYTES";
    case FrameType::handoff:
      return "HANDOFF";
    case FrameType::failed:
      return "FAILED";
    case FrameType::signature:
      return "SIGNATURE";
    case FrameType::sign_refused:
      return "SIGN_REFUSED";
  }
  return "unknown";
}

std::string_view to_string(LinkErrorCode code) {
  switch (code) {
    case LinkErrorCode::hello_expected:
      return "hello_expected";
    case LinkErrorCode::protocol_version:
      return "protocol_version";
    case LinkErrorCode::serialization_version:
      return "serialization_version";
    case LinkErrorCode::frame_too_large:
      return "frame_too_large";
    case LinkErrorCode::unknown_frame_type:
      return "unknown_frame_type";
    case LinkErrorCode::malformed_frame:
      return "malformed_frame";
    case LinkErrorCode::unexpected_frame:
      return "unexpected_frame";
    case LinkErrorCode::unknown_handshake:
      return "unknown_handshake";
    case LinkErrorCode::too_many_handshakes:
      return "too_many_handshakes";
    case LinkErrorCode::bad_count:
      return "bad_count";
    case LinkErrorCode::output_overflow:
      return "output_overflow";
    case LinkErrorCode::refused:
      return "refused";
    case LinkErrorCode::timeout:
      return "timeout";
    case LinkErrorCode::internal:
      return "internal";
  }
  return "unknown";
}

bool is_refusal(FailureReason reason) {
  return reason == FailureReason::overloaded || reason == FailureReason::rate_limited;
}

bool is_tls_alert(FailureReason reason) {
  return reason == FailureReason::tls_alert_sent || reason == FailureReason::tls_alert_received;
}

std::string_view to_string(FailureReason reason) {
  switch (reason) {
    case FailureReason::tls_alert_sent:
      return "tls_alert_sent";
    case FailureReason::tls_alert_received:
      return "tls_alert_received";
    case FailureReason::name_refused:
      return "name_refused";
    case FailureReason::overloaded:
      return "overloaded";
    case FailureReason::deadline:
      return "deadline";
    case FailureReason::byte_budget:
      return "byte_budget";
    case FailureReason::going_away:
      return "going_away";
    case FailureReason::internal:
      return "internal";
    case FailureReason::rate_limited:
      return "rate_limited";
  }
  return "unknown";
}

std::string_view to_string(CancelReason reason) {
  switch (reason) {
    case CancelReason::client_gone:
      return "client_gone";
    case CancelReason::timeout:
      return "timeout";
    case CancelReason::shutting_down:
      return "shutting_down";
    case CancelReason::limit:
      return "limit";
    case CancelReason::answered_elsewhere:
      return "answered_elsewhere";
  }
  return "unknown";
}

std::string_view to_string(OutcomeKind outcome) {
  switch (outcome) {
    case OutcomeKind::established:
      return "established";
    case OutcomeKind::alert:
      return "alert";
    case OutcomeKind::timeout:
      return "timeout";
    case OutcomeKind::client_gone:
      return "client_gone";
    case OutcomeKind::state_refused:
      return "state_refused";
  }
  return "unknown";
}

std::string_view to_string(AlertFrom from) {
  switch (from) {
    case AlertFrom::none:
      return "none";
    case AlertFrom::client:
      return "client";
    case AlertFrom::application_server:
      return "application_server";
  }
  return "unknown";
}

}  // namespace baton::offload

namespace baton {

std::string_view to_string(SigningRefusal reason) {
  switch (reason) {
    case SigningRefusal::key_refused:
      return "key_refused";
    case SigningRefusal::kind_refused:
      return "kind_refused";
    case SigningRefusal::input_refused:
      return "input_refused";
    case SigningRefusal::scheme_refused:
      return "scheme_refused";
    case SigningRefusal::overloaded:
      return "overloaded";
    case SigningRefusal::rate_limited:
      return "rate_limited";
    case SigningRefusal::deadline:
      return "deadline";
    case SigningRefusal::going_away:
      return "going_away";
    case SigningRefusal::internal:
      return "internal";
    case SigningRefusal::link_lost:
      return "link_lost";
  }
  return "unknown";
}

bool may_sign_elsewhere(SigningRefusal reason) {
  switch (reason) {
    case SigningRefusal::overloaded:
    case SigningRefusal::deadline:
    case SigningRefusal::going_away:
    case SigningRefusal::internal:
    case SigningRefusal::link_lost:
      return true;
    default:
      return false;
  }
}

}  // namespace baton
