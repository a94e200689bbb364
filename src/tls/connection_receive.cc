// Connection: what the peer sends.
#include "base/test_hooks.h"
#include "tls/connection.h"

namespace baton::tls {
namespace {

Failure ours(Alert alert, const char* reason) {
  return {alert, false, reason};
}

}  // namespace

Event Connection::next() {
  if (given_away_.value) return ours(Alert::internal_error, "the connection was serialized or moved");
  for (;;) {
    if (const ByteView plaintext = input_.plaintext(); !plaintext.empty()) return ApplicationData{plaintext};
    if (failure_) return *failure_;
    if (state_.read_closed) return PeerClosed{};
    if (auto event = open_next_record()) return *event;
  }
}

std::optional<Event> Connection::open_next_record() {
  const ByteView waiting = input_.ciphertext();
  if (waiting.size() < kRecordHeaderSize) {
    release_idle_input();
    return NeedBytes{kRecordHeaderSize - waiting.size()};
  }
  const RecordHeader header = parse_record_header(waiting.first(kRecordHeaderSize));
  if (auto bad = check_header(header)) return fail_with(std::move(*bad));
  const std::size_t size = kRecordHeaderSize + header.length;
  if (waiting.size() < size) return NeedBytes{size - waiting.size()};
  if (state_.read.sequence == UINT64_MAX) {
    return fail_with(ours(Alert::internal_error, "the peer's key has protected as many records as it may"));
  }

  auto opened = reader_.open(state_.read.sequence, input_.record(size));
  if (!opened) return fail_with(std::move(opened.error()));
  ++state_.read.sequence;
  input_.skip(size);
  ask_for_key_update_if_used_up();
  if (opened->content.size() > state_.max_receive_fragment) {
    return fail_with(ours(Alert::record_overflow, "a record holds more plaintext than was agreed"));
  }
  return handle(*opened);
}

// Asks once per key. It is the peer's plaintext that a worn key endangers, so a peer that does not follow is
// not cut off.
void Connection::ask_for_key_update_if_used_up() {
  if (state_.version() != ProtocolVersion::tls13 || state_.write_closed || asked_for_key_update_ ||
      state_.read.sequence < options_.key_limits.rekey_after) {
    return;
  }
  asked_for_key_update_ = true;
  if (auto sent = update_keys(KeyUpdateRequest::update_requested); !sent) {
    fail_with({Alert::internal_error, false, sent.error().message});
  }
}

std::optional<Failure> Connection::check_header(const RecordHeader& header) const {
  if (header.length > reader_.max_record_length()) {
    return ours(Alert::record_overflow, "a record is longer than TLS allows");
  }
  if (state_.version() == ProtocolVersion::tls13) {
    // RFC 8446 §5: a change_cipher_spec after the peer's Finished, or any other unprotected record, is
    // unexpected. RFC 8446 §5.1: legacy_record_version "MUST be ignored for all purposes".
    if (header.type != ContentType::application_data) {
      return ours(Alert::unexpected_message, "an unprotected record on an established connection");
    }
    return std::nullopt;
  }
  if (header.version != static_cast<std::uint16_t>(ProtocolVersion::tls12)) {
    return ours(Alert::protocol_version, "a record of another TLS version");
  }
  return std::nullopt;
}

std::optional<Event> Connection::handle(const OpenedRecord& record) {
  if (record.type == ContentType::application_data && !record.content.empty()) {
    idle_records_ = 0;
  } else if (auto too_many = count_idle()) {
    return too_many;
  }
  // RFC 8446 §5.1: "Handshake messages MUST NOT be interleaved with other record types."
  if (post_handshake_.in_message() && record.type != ContentType::handshake) {
    return fail_with(ours(Alert::unexpected_message, "a record in the middle of a handshake message"));
  }
  switch (record.type) {
    case ContentType::application_data:
      input_.show(record.content);
      return std::nullopt;
    case ContentType::alert:
      return handle_alert(record.content);
    case ContentType::handshake:
      return handle_handshake(record.content);
    case ContentType::invalid:
    case ContentType::change_cipher_spec:
      break;
  }
  return fail_with(ours(Alert::unexpected_message, "a record of an unexpected type"));
}

std::optional<Event> Connection::count_idle() {
  if (++idle_records_ <= kMaxIdleRecords) return std::nullopt;
  return fail_with(ours(Alert::unexpected_message, "too many records in a row without application data"));
}

std::optional<Event> Connection::handle_alert(ByteView content) {
  if (content.size() != kAlertSize) return fail_with(ours(Alert::decode_error, "an alert of a wrong size"));
  const auto level = static_cast<AlertLevel>(content[0]);
  const auto alert = static_cast<Alert>(content[1]);
  if (alert == Alert::close_notify) {
    if (test_hooks::mutant_is(test_hooks::Mutant::ignore_close_notify)) return std::nullopt;
    state_.read_closed = true;
    input_.drop_ciphertext();
    return std::nullopt;
  }
  // RFC 8446 §6: all alerts but the closure alerts are fatal, whatever their level says. In TLS 1.2 it
  // counts.
  const bool only_warns = alert == Alert::user_canceled ||
                          (state_.version() == ProtocolVersion::tls12 && level == AlertLevel::warning);
  if (only_warns) return std::nullopt;
  return fail_with({alert, true, "the peer sent the alert " + to_string(alert)});
}

std::optional<Event> Connection::handle_handshake(ByteView content) {
  // RFC 8446 §5.1: "Implementations MUST NOT send zero-length fragments of Handshake types".
  if (content.empty()) return fail_with(ours(Alert::unexpected_message, "an empty handshake record"));
  post_handshake_.append(content);
  // One record can hold thousands of messages, so each behind the first counts as a record.
  bool first = true;
  while (auto message = post_handshake_.next()) {
    if (!std::exchange(first, false)) {
      if (auto too_many = count_idle()) return too_many;
    }
    if (auto bad = handle_message(*message)) return fail_with(std::move(*bad));
  }
  if (post_handshake_.too_long()) {
    return fail_with(ours(Alert::decode_error, "a handshake message is too long"));
  }
  answer_key_update_if_idle();
  return std::nullopt;
}

std::optional<Failure> Connection::handle_message(const HandshakeMessage& message) {
  const bool client = state_.role == Role::client;
  if (state_.version() == ProtocolVersion::tls13) {
    if (message.type == HandshakeType::key_update) return handle_key_update(message.body);
    // A ticket holds a resumption secret's use; this connection has none, so the ticket is dropped (R3).
    if (client && message.type == HandshakeType::new_session_ticket) return std::nullopt;
    return ours(Alert::unexpected_message, "an unexpected handshake message");
  }
  const HandshakeType renegotiation = client ? HandshakeType::hello_request : HandshakeType::client_hello;
  if (message.type != renegotiation)
    return ours(Alert::unexpected_message, "an unexpected handshake message");
  if (state_.write_closed) return std::nullopt;
  if (++renegotiations_ > kMaxRenegotiations) {
    return ours(Alert::unexpected_message, "the peer asks for a renegotiation again and again");
  }
  // RFC 5246 §7.2.2: no_renegotiation "is always a warning"; the peer decides whether it goes on.
  if (auto sent = send_alert(AlertLevel::warning, Alert::no_renegotiation); !sent) {
    return Failure{Alert::internal_error, false, sent.error().message};
  }
  return std::nullopt;
}

std::optional<Failure> Connection::handle_key_update(ByteView body) {
  if (body.size() != 1) return ours(Alert::decode_error, "a KeyUpdate of a wrong size");
  // RFC 8446 §4.6.3: "If an implementation receives any other value, it MUST terminate the connection with an
  // "illegal_parameter" alert."
  if (body[0] > static_cast<std::uint8_t>(KeyUpdateRequest::update_requested)) {
    return ours(Alert::illegal_parameter, "a KeyUpdate with an unknown request");
  }
  // RFC 8446 §5.1: "Handshake messages MUST NOT span key changes."
  if (post_handshake_.in_message()) {
    return ours(Alert::unexpected_message, "a handshake message behind a KeyUpdate in one record");
  }
  if (!test_hooks::mutant_is(test_hooks::Mutant::skip_key_update)) {
    auto next = next_traffic_secret(*state_.suite, state_.read.keying);
    if (!next) return Failure{Alert::internal_error, false, next.error().message};
    auto reader = RecordProtection::create(*state_.suite, *next);
    if (!reader) return Failure{Alert::internal_error, false, reader.error().message};
    state_.read.keying = std::move(*next);
    state_.read.sequence = 0;
    asked_for_key_update_ = false;
    reader_ = std::move(*reader);
  }
  if (body[0] == static_cast<std::uint8_t>(KeyUpdateRequest::update_requested)) state_.key_update_owed = true;
  return std::nullopt;
}

}  // namespace baton::tls
