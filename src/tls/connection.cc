// Connection: life cycle, buffers and the sending side. The receiving side is in connection_receive.cc.
#include "tls/connection.h"

#include <algorithm>

#include "base/test_hooks.h"

namespace baton::tls {
namespace {

// Bytes sent of an output that never runs empty before its front is given back.
constexpr std::size_t kCompactOutputAfter = 256 * 1024;

constexpr std::size_t kKeyUpdateSize = 5;  // bytes, RFC 8446 §4.6.3: type, uint24 length, request

}  // namespace

Connection::Connection(Checked /*checked*/, ConnectionState&& state, ConnectionOptions options,
                       RecordProtection reader, RecordProtection writer)
    : state_(std::move(state)),
      options_(options),
      reader_(std::move(reader)),
      writer_(std::move(writer)),
      post_handshake_(std::exchange(state_.partial_handshake, {})),
      // Unread plaintext stands in front of the ciphertext, as it would have if we had opened it ourselves.
      input_(state_.unread_plaintext, state_.unread_ciphertext) {
  append(output_, state_.unsent_ciphertext);
  // A vector that is assigned {} keeps its memory; one that is assigned a new vector does not.
  state_.unread_plaintext = SecretBuffer();
  state_.unread_ciphertext = Bytes();
  state_.unsent_ciphertext = Bytes();
}

Result<Connection> Connection::from_state(ConnectionState&& state, ConnectionOptions options) {
  if (auto valid = validate(state); !valid) return pass_on(valid);
  if (state.awaited) return fail(ErrorCode::refused, "the connection awaits its client's Finished");
  auto reader = RecordProtection::create(*state.suite, state.read.keying);
  if (!reader) return pass_on(reader);
  auto writer = RecordProtection::create(*state.suite, state.write.keying);
  if (!writer) return pass_on(writer);
  return Result<Connection>(tl::in_place, Checked(), std::move(state), options, std::move(*reader),
                            std::move(*writer));
}

Result<void> Connection::rekey_before_handover() {
  if (given_away_.value || failure_) return writable();
  if (state_.version() != ProtocolVersion::tls13) return {};
  if (state_.write_closed) return step_write_key();
  return send_key_update(KeyUpdateRequest::update_not_requested);
}

std::size_t Connection::rekey_size() const {
  if (given_away_.value || failure_ || state_.write_closed || state_.version() != ProtocolVersion::tls13)
    return 0;
  return kRecordHeaderSize + kKeyUpdateSize + 1 + crypto::kAeadTagSize;  // 1: the content type
}

InFlight Connection::in_flight() const {
  return {input_.ciphertext().size(), input_.plaintext().size(), output().size(), post_handshake_.held()};
}

Result<ConnectionState> Connection::into_state() && {
  if (given_away_.value) return fail(ErrorCode::consumed, "the connection was serialized or moved already");
  if (failure_) return fail(ErrorCode::refused, "the connection has failed: " + failure_->reason);
  const auto copy_to = [](auto& target, ByteView bytes) { target.assign(bytes.begin(), bytes.end()); };
  copy_to(state_.unread_plaintext, input_.plaintext());
  copy_to(state_.unread_ciphertext, input_.ciphertext());
  if (!test_hooks::mutant_is(test_hooks::Mutant::forget_unsent_output)) {
    copy_to(state_.unsent_ciphertext, output());
  }
  state_.partial_handshake = post_handshake_.take_partial();
  input_.release();
  output_ = WireBuffer();
  output_sent_ = 0;
  given_away_.value = true;
  return Result<ConnectionState>(tl::in_place, std::move(state_));
}

MutableBytes Connection::receive_space(std::size_t at_least) {
  return input_.space(at_least);
}

void Connection::received(std::size_t count) {
  // RFC 8446 §6.1: "Any data received after a closure alert has been received MUST be ignored."
  if (given_away_.value || failure_ || state_.read_closed) count = 0;
  streaming_ = count != 0 && count == input_.space(0).size();
  input_.filled(count);
  if (count == 0) release_idle_input();
}

void Connection::feed(ByteView ciphertext) {
  std::ranges::copy(ciphertext, receive_space(ciphertext.size()).begin());
  received(ciphertext.size());
  streaming_ = false;
}

void Connection::consume(std::size_t count) {
  input_.consume(count);
}

// An idle connection keeps no buffer.
void Connection::release_idle_input() {
  if (!streaming_ && input_.empty()) input_.release();
}

void Connection::output_sent(std::size_t count) {
  output_sent_ += std::min(count, output_.size() - output_sent_);
  if (output_sent_ == output_.size()) {
    output_ = WireBuffer();
    output_sent_ = 0;
  } else if (output_sent_ >= kCompactOutputAfter) {
    output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(output_sent_));
    output_sent_ = 0;
  }
}

WireBuffer Connection::take_output() {
  const std::size_t sent = std::exchange(output_sent_, 0);
  if (sent > 0) output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(sent));
  return std::exchange(output_, {});
}

Result<void> Connection::writable() const {
  if (given_away_.value) return fail(ErrorCode::consumed, "the connection was serialized or moved");
  if (failure_) return fail(ErrorCode::refused, "the connection has failed: " + failure_->reason);
  if (state_.write_closed) return fail(ErrorCode::refused, "close_notify was sent already");
  return {};
}

Result<void> Connection::write(ByteView plaintext) {
  if (auto can = writable(); !can) return can;
  reserve_output(plaintext.size());
  while (!plaintext.empty()) {
    if (auto fresh = refresh_write_key(); !fresh) return fresh;
    const std::size_t size = std::min(plaintext.size(), fragment_size());
    if (auto sealed = seal(ContentType::application_data, plaintext.first(size), padding_for(size));
        !sealed) {
      return sealed;
    }
    if (written_in_a_row_ < options_.small_records_up_to)
      written_in_a_row_ += static_cast<std::uint32_t>(size);
    if (idle_records_ > 0) --idle_records_;  // what we send pays for what the peer asks meanwhile
    plaintext = plaintext.subspan(size);
  }
  return {};
}

std::size_t Connection::fragment_size() const {
  const bool small = written_in_a_row_ < options_.small_records_up_to;
  return std::min<std::size_t>(state_.max_send_fragment, small ? kSmallRecord : kMaxRecordPlaintext);
}

// Room for all records of a write at once, so that the output moves at most once.
void Connection::reserve_output(std::size_t plaintext_size) {
  const std::size_t records = plaintext_size / fragment_size() + 1;
  const std::size_t needed =
      output_.size() + plaintext_size + records * (writer_.record_size(0, 0) + options_.padding_block);
  if (needed > output_.capacity()) output_.reserve(std::max(needed, 2 * output_.capacity()));
}

Result<void> Connection::close_write() {
  if (state_.write_closed && !given_away_.value) return {};
  if (auto can = writable(); !can) return can;
  auto sent = send_alert(AlertLevel::warning, Alert::close_notify);
  if (sent) state_.write_closed = true;
  return sent;
}

void Connection::abort(Alert alert, std::string reason) {
  // A close_notify would make a stream that was cut look whole.
  if (alert == Alert::close_notify) alert = Alert::internal_error;
  fail_with({alert, false, std::move(reason)});
}

Result<void> Connection::update_keys(KeyUpdateRequest request) {
  if (auto can = writable(); !can) return can;
  if (state_.version() != ProtocolVersion::tls13) return fail(ErrorCode::refused, "TLS 1.2 has no KeyUpdate");
  // RFC 8446 §4.6.3: the answer that we owe must say update_not_requested; it is a message of its own.
  if (state_.key_update_owed && request == KeyUpdateRequest::update_requested) {
    if (auto sent = send_key_update(KeyUpdateRequest::update_not_requested); !sent) return sent;
  }
  return send_key_update(request);
}

Result<void> Connection::send_key_update(KeyUpdateRequest request) {
  const std::array<std::uint8_t, kKeyUpdateSize> message = {
      static_cast<std::uint8_t>(HandshakeType::key_update), 0, 0, 1, static_cast<std::uint8_t>(request)};
  if (auto sealed = seal(ContentType::handshake, message); !sealed) return sealed;
  auto stepped = step_write_key();
  if (!stepped) {
    // The peer will be told of a key that we do not have, so this connection sends nothing more.
    state_.write_closed = true;
    failure_ = Failure{Alert::internal_error, false, "changing the sending key failed"};
  }
  return stepped;
}

// To the next generation of our key (RFC 8446 §7.2), whose records are counted from 0.
Result<void> Connection::step_write_key() {
  auto next = next_traffic_secret(*state_.suite, state_.write.keying);
  if (!next) return pass_on(next);
  auto writer = RecordProtection::create(*state_.suite, *next);
  if (!writer) return pass_on(writer);
  state_.write.keying = std::move(*next);
  state_.write.sequence = 0;
  writer_ = std::move(*writer);
  state_.key_update_owed = false;
  return {};
}

// What must be sent before the next application record: an owed KeyUpdate, or one because the key is used up.
Result<void> Connection::refresh_write_key() {
  const bool used_up = state_.write.sequence >= options_.key_limits.rekey_after;
  if (state_.version() == ProtocolVersion::tls13) {
    if (state_.key_update_owed || used_up) return send_key_update(KeyUpdateRequest::update_not_requested);
    return {};
  }
  if (!used_up) return {};
  if (auto closed = close_write(); !closed) return closed;
  return fail(ErrorCode::limit_exceeded,
              "the key of this TLS 1.2 connection has protected as many records as it may");
}

// Answers a KeyUpdate request at once when nothing is waiting to be sent; otherwise before the next
// application record. So a peer that asks again and again, without reading, makes nothing grow (R9).
void Connection::answer_key_update_if_idle() {
  if (!state_.key_update_owed || state_.write_closed || !output().empty()) return;
  if (auto sent = send_key_update(KeyUpdateRequest::update_not_requested); !sent) {
    fail_with({Alert::internal_error, false, sent.error().message});
  }
}

bool Connection::may_seal() const {
  return state_.write.sequence < options_.key_limits.refuse_after && state_.write.sequence != UINT64_MAX;
}

Result<void> Connection::seal(ContentType type, ByteView content, std::size_t padding) {
  // RFC 8446 §5.3: "Because the size of sequence numbers is 64-bit, they should not wrap." This refuses long
  // before.
  const std::uint64_t sequence = state_.write.sequence;
  if (!may_seal()) {
    return fail(ErrorCode::limit_exceeded, "the sending key may protect no more records");
  }
  const std::size_t start = output_.size();
  output_.resize(start + writer_.record_size(content.size(), padding));
  if (!writer_.seal(sequence, state_.next_explicit_nonce, type, content, padding,
                    MutableBytes(output_).subspan(start))) {
    output_.resize(start);
    // R1: the nonce may have been used, so this key seals nothing more, not even an alert.
    state_.write_closed = true;
    failure_ = Failure{Alert::internal_error, false, "sealing a record failed"};
    return fail(ErrorCode::crypto, failure_->reason);
  }
  if (test_hooks::mutant_is(test_hooks::Mutant::repeat_sequence_number) && sequence == 5) return {};
  ++state_.write.sequence;
  if (state_.suite->explicit_nonce_size() != 0) ++state_.next_explicit_nonce;
  return {};
}

Result<void> Connection::send_alert(AlertLevel level, Alert alert) {
  const std::array<std::uint8_t, 2> content = {static_cast<std::uint8_t>(level),
                                               static_cast<std::uint8_t>(alert)};
  return seal(ContentType::alert, content);
}

// The failure that ends the connection; a later one changes nothing. Our own becomes an alert to the peer.
Failure Connection::fail_with(Failure failure) {
  if (given_away_.value || failure_) return failure_.value_or(failure);
  // RFC 8446 §6.2: the peer that sent the alert has closed; it is not answered.
  if (!failure.from_peer && !state_.write_closed) {
    // Without a usable key the alert cannot be sent; the connection is over in any case.
    static_cast<void>(send_alert(AlertLevel::fatal, failure.alert));
    state_.write_closed = true;
  }
  failure_ = std::move(failure);
  return *failure_;
}

std::size_t Connection::padding_for(std::size_t content_size) const {
  const std::size_t block = options_.padding_block;
  if (block == 0 || state_.version() != ProtocolVersion::tls13) return 0;
  const std::size_t padded = (content_size + block - 1) / block * block;
  return std::min<std::size_t>(padded, state_.max_send_fragment) - content_size;
}

}  // namespace baton::tls
