// The frames of the link protocol as values. docs/link-protocol.md specifies them byte by byte; a test holds
// its tables against the numbers here.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/secret.h"
#include "baton/signing.h"
#include "offload/client_address.h"
#include "offload/limits.h"
#include "tls/alert.h"

namespace baton::offload {

// Names one handshake on one link. Chosen by the application server, ever increasing, never used again.
enum class HandshakeId : std::uint32_t { link = 0 };  // 0: the frame is about the link itself

using baton::KeyDigest;
using baton::SigningKind;
using baton::SigningRefusal;
using baton::to_string;

// 16 bytes that follow a connection through all logs.
using TraceId = std::array<std::uint8_t, 16>;

// Types from 128 on are optional: who does not know one skips it.
enum class FrameType : std::uint8_t {
  hello = 1,
  ping = 2,
  pong = 3,
  go_away = 4,
  link_error = 5,
  open = 16,
  client_bytes = 17,
  cancel = 18,
  outcome = 19,
  sign = 20,
  server_bytes = 32,
  handoff = 33,
  failed = 34,
  signature = 35,
  sign_refused = 36,
};
inline constexpr std::uint8_t kFirstOptionalType = 128;

// A receiver keeps numbers that it does not know in the enums below and in those of signing.h; no number is
// an error by itself.

enum class LinkErrorCode : std::uint16_t {
  hello_expected = 1,
  protocol_version = 2,
  serialization_version = 3,
  frame_too_large = 4,
  unknown_frame_type = 5,
  malformed_frame = 6,
  unexpected_frame = 7,
  unknown_handshake = 8,
  too_many_handshakes = 9,
  bad_count = 10,
  output_overflow = 11,
  refused = 12,
  timeout = 13,
  internal = 14,
};

enum class FailureReason : std::uint8_t {
  tls_alert_sent = 1,
  tls_alert_received = 2,
  name_refused = 3,
  overloaded = 4,
  deadline = 5,
  byte_budget = 6,
  going_away = 7,
  internal = 8,
  rate_limited = 9,
};

enum class CancelReason : std::uint8_t {
  client_gone = 1,
  timeout = 2,
  shutting_down = 3,
  limit = 4,
  answered_elsewhere = 5,
};

enum class OutcomeKind : std::uint8_t {
  established = 1,
  alert = 2,
  timeout = 3,
  client_gone = 4,
  state_refused = 5,
};

// Who sent the alert of an OUTCOME.
enum class AlertFrom : std::uint8_t { none = 0, client = 1, application_server = 2 };

// The names in the tables of docs/link-protocol.md; "unknown" for a number that this version does not know.
std::string_view to_string(FrameType type);
std::string_view to_string(LinkErrorCode code);
std::string_view to_string(FailureReason reason);
std::string_view to_string(CancelReason reason);
std::string_view to_string(OutcomeKind outcome);
std::string_view to_string(AlertFrom from);

// Turned away because there was too much to do, not because of what the client said.
bool is_refusal(FailureReason reason);
// TLS failed, and one of the two was told so by an alert.
bool is_tls_alert(FailureReason reason);

struct Hello {
  std::uint16_t protocol_version = kProtocolVersion;  // newest that the sender speaks
  std::uint16_t newest_readable = 0;  // newest serialization version that it can read; 0: none
  std::uint64_t capabilities = 0;
  std::uint32_t max_payload = kSmallestMaxPayload;
  std::uint32_t max_in_flight = 0;
  std::string software;
  Bytes extensions;  // well-formed type-length-value fields, all unknown to version 1
};
struct Ping {
  std::uint64_t value = 0;
};
struct Pong {
  std::uint64_t value = 0;
};
struct GoAway {
  std::string reason;
};
struct LinkError {
  LinkErrorCode code = LinkErrorCode::internal;
  std::string text;
};

struct Open {
  ClientAddress client;
  std::string listener;
  TraceId trace_id{};
  std::uint32_t deadline_ms = 0;  // from the moment of sending; 0: as long as the key store allows
  Bytes first_bytes;              // of the client's stream; may be empty
};
struct ClientBytes {
  Bytes bytes;  // never empty
};
struct Cancel {
  CancelReason reason = CancelReason::client_gone;
};
struct Outcome {
  OutcomeKind kind = OutcomeKind::established;
  tls::Alert alert = tls::Alert::close_notify;  // has a meaning only when `from` is not none
  AlertFrom from = AlertFrom::none;
};

// Asks for a signature. Its id is one of a handshake: that which the application server does itself.
struct Sign {
  SigningKind kind = SigningKind::tls13_server;
  std::uint16_t scheme = 0;
  KeyDigest key{};
  ClientAddress client;
  TraceId trace_id{};
  std::uint32_t deadline_ms = 0;  // as in Open
  Bytes input;                    // 1 to kMaxSigningInput bytes
};

struct ServerBytes {
  std::uint64_t consumed = 0;  // bytes of the client's stream that the handshake has used so far
  Bytes bytes;                 // for the client; empty: only `consumed` is news
};
struct Handoff {
  std::uint64_t consumed = 0;
  Bytes server_bytes;       // to be sent to the client before anything else
  SecretBuffer serialized;  // the serialized connection; never empty
};
struct Failed {
  FailureReason reason = FailureReason::internal;
  tls::Alert alert = tls::Alert::close_notify;  // sent or received; close_notify when there is none
  std::uint64_t consumed = 0;
  Bytes server_bytes;       // to be sent to the client before closing (the alert's record); may be empty
  std::string server_name;  // of the ClientHello; may be empty
  std::string text;         // for logs
};

struct Signature {
  Bytes signature;  // 1 to kMaxSignature bytes
};
struct SignRefused {
  SigningRefusal reason = SigningRefusal::internal;
  std::string text;  // for logs
};

using FrameBody = std::variant<Hello, Ping, Pong, GoAway, LinkError, Open, ClientBytes, Cancel, Outcome, Sign,
                               ServerBytes, Handoff, Failed, Signature, SignRefused>;

struct Frame {
  HandshakeId id = HandshakeId::link;
  FrameBody body;
};

// A frame about one handshake, as an event of either end.
template <class Body>
struct Received {
  HandshakeId id;
  Body body;
};

FrameType type_of(const FrameBody& body);

}  // namespace baton::offload
