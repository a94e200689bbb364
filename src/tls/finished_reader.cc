#include "tls/finished_reader.h"

#include <algorithm>
#include <array>

#include "crypto/random.h"

namespace baton::tls {
namespace {

// Whatever an alert of the client says, its handshake is over: also close_notify and user_canceled.
Failure client_alert(ByteView content) {
  const auto alert = static_cast<Alert>(content[1]);
  return {alert, true, "the client sent the alert " + to_string(alert)};
}

}  // namespace

FinishedReader::FinishedReader(ConnectionState&& state, ConnectionOptions options, RecordProtection reader)
    : state_(std::move(state)),
      options_(options),
      reader_(std::move(reader)),
      message_(kHandshakeHeaderSize + state_.awaited->verify_data.size()) {}

Result<FinishedReader> FinishedReader::from_state(ConnectionState&& state, ConnectionOptions options) {
  if (auto valid = validate(state); !valid) return pass_on(valid);
  if (!state.awaited) return fail(ErrorCode::refused, "the connection awaits no Finished of its client");
  auto reader = RecordProtection::create(*state.suite, state.awaited->client_handshake_secret);
  if (!reader) return pass_on(reader);
  return FinishedReader(std::move(state), options, std::move(*reader));
}

void FinishedReader::feed(ByteView ciphertext) {
  std::ranges::copy(ciphertext, input_.space(ciphertext.size()).begin());
  input_.filled(ciphertext.size());
}

FinishedVerdict FinishedReader::next() {
  while (std::holds_alternative<NeedBytes>(verdict_)) {
    auto verdict = take_record();
    if (!verdict) continue;
    if (std::holds_alternative<NeedBytes>(*verdict)) return *verdict;
    verdict_ = std::move(*verdict);
  }
  return verdict_;
}

std::optional<FinishedVerdict> FinishedReader::take_record() {
  const ByteView waiting = input_.ciphertext();
  if (waiting.size() < kRecordHeaderSize) return NeedBytes{kRecordHeaderSize - waiting.size()};
  const RecordHeader header = parse_record_header(waiting.first(kRecordHeaderSize));
  if (header.length > reader_.max_record_length()) {
    return fail_with(Alert::record_overflow, "a record is longer than TLS allows");
  }
  const std::size_t size = kRecordHeaderSize + header.length;
  if (waiting.size() < size) return NeedBytes{size - waiting.size()};
  const MutableBytes record = input_.record(size);
  input_.skip(size);
  // RFC 8446 §5.1: legacy_record_version "MUST be ignored for all purposes".
  if (header.type == ContentType::application_data) return take_protected(record);
  return take_plaintext(header.type, ByteView(record).subspan(kRecordHeaderSize));
}

std::optional<FinishedVerdict> FinishedReader::take_plaintext(ContentType type, ByteView content) {
  // RFC 8446 §5: a change_cipher_spec with the single byte 1 before the peer's Finished "MUST simply" be
  // dropped. How many is up to us (R9).
  if (type == ContentType::change_cipher_spec && content.size() == 1 && content[0] == 1) {
    if (++change_cipher_specs_ <= kMaxIdleRecords) return std::nullopt;
    return fail_with(Alert::unexpected_message, "too many change_cipher_spec records");
  }
  // A client that cannot use our ServerHello has no key for its alert.
  if (type == ContentType::alert && content.size() == kAlertSize && sequence_ == 0) {
    return client_alert(content);
  }
  return fail_with(Alert::unexpected_message, "an unprotected record where the Finished was awaited");
}

std::optional<FinishedVerdict> FinishedReader::take_protected(MutableBytes record) {
  auto opened = reader_.open(sequence_, record);
  if (!opened) return fail_with(opened.error().alert, std::move(opened.error().reason));
  ++sequence_;
  if (opened->type == ContentType::alert) {
    if (opened->content.size() != kAlertSize)
      return fail_with(Alert::decode_error, "an alert of a wrong size");
    return client_alert(opened->content);
  }
  // RFC 8446 §5.1: "Implementations MUST NOT send zero-length fragments of Handshake types".
  if (opened->type != ContentType::handshake || opened->content.empty()) {
    return fail_with(Alert::unexpected_message, "a record where the Finished was awaited");
  }
  return take_fragment(opened->content);
}

// The message may span records; RFC 8446 §5.1: it must not span the change of keys behind it.
std::optional<FinishedVerdict> FinishedReader::take_fragment(ByteView fragment) {
  const std::size_t whole = message_.size();
  const bool too_long = fragment.size() > whole - message_size_;
  const ByteView part = fragment.first(too_long ? whole - message_size_ : fragment.size());
  std::ranges::copy(part, message_.data().begin() + static_cast<std::ptrdiff_t>(message_size_));
  message_size_ += part.size();

  const ByteView message = message_.view().first(message_size_);
  const FinishedMessage awaited = finished_message(state_.awaited->verify_data);
  if (message[0] != awaited.view()[0]) {
    return fail_with(Alert::unexpected_message, "another handshake message where the Finished was awaited");
  }
  const std::size_t header = std::min(message.size(), kHandshakeHeaderSize);
  if (!std::ranges::equal(message.first(header), awaited.view().first(header))) {
    return fail_with(Alert::decode_error, "a Finished of a wrong size");
  }
  if (too_long) return fail_with(Alert::unexpected_message, "data behind the Finished in its record");
  if (message.size() < whole) return std::nullopt;
  if (!crypto::constant_time_equal(message, awaited.view())) {
    return fail_with(Alert::decrypt_error, "the client's Finished is wrong");
  }
  return FinishedVerified{};
}

// The tickets are destroyed unsent. They were sealed from sequence number 0 on, but nothing that they sealed
// has left the two machines, so the alert takes that number (R1).
Failure FinishedReader::fail_with(Alert alert, std::string reason) {
  state_.awaited.reset();
  const std::array<std::uint8_t, kAlertSize> content = {static_cast<std::uint8_t>(AlertLevel::fatal),
                                                        static_cast<std::uint8_t>(alert)};
  if (auto writer = RecordProtection::create(*state_.suite, state_.write.keying)) {
    output_.resize(writer->record_size(content.size(), 0));
    if (!writer->seal(0, 0, ContentType::alert, content, 0, output_)) output_.clear();
  }
  return {alert, false, std::move(reason)};
}

Result<Connection> FinishedReader::into_connection() && {
  if (!std::holds_alternative<FinishedVerified>(verdict_)) {
    return fail(ErrorCode::refused, "the client's Finished has not been verified");
  }
  if (!state_.awaited) return fail(ErrorCode::consumed, "the connection was taken before");
  state_.unsent_ciphertext = std::move(state_.awaited->deferred_ciphertext);
  state_.awaited.reset();
  auto connection = Connection::from_state(std::move(state_), options_);
  if (connection) connection->feed(input_.ciphertext());
  return connection;
}

}  // namespace baton::tls
