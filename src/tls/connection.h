// An established TLS connection: records in, plaintext out, and back. Sans-I/O.
#pragma once

#include <optional>

#include "base/buffer_pool.h"
#include "base/bytes.h"
#include "base/error.h"
#include "baton/events.h"
#include "tls/alert.h"
#include "tls/connection_state.h"
#include "tls/limits.h"
#include "tls/post_handshake.h"
#include "tls/receive_buffer.h"
#include "tls/record_protection.h"

namespace baton::tls {

using baton::ApplicationData;
using baton::Event;
using baton::KeyUpdateRequest;
using baton::NeedBytes;
using baton::PeerClosed;

struct ConnectionOptions {
  KeyLimits key_limits;
  // TLS 1.3: application records are padded to a multiple of this many bytes (RFC 8446 §5.4). 0: no padding.
  std::uint16_t padding_block = 0;
  // Application records are small enough for one TCP segment until so many bytes have been written in a row,
  // so that the peer can use the first ones while more are on their way; then they are full. 0: always full.
  std::uint32_t small_records_up_to = 0;  // bytes
};

// Bytes of what moves with a connection.
struct InFlight {
  std::size_t unread_ciphertext = 0;
  std::size_t unread_plaintext = 0;
  std::size_t unsent_ciphertext = 0;
  std::size_t partial_handshake = 0;
};

// Built from a ConnectionState and turned back into one. Not thread-safe. A connection that has been moved
// from or turned into a state answers every call with an error and sends nothing, not even an alert (R1).
//
// The loop of a reader: put bytes in with feed() (or receive_space() and received()), call next() until it
// says NeedBytes, PeerClosed or Failure; after each ApplicationData call consume(). After any call at all,
// output() may hold bytes for the peer: application records, but also KeyUpdates and alerts, all in their
// order.
class Connection {
  // True once the connection was given away, by a move or by into_state().
  struct GivenAway {
    GivenAway() = default;
    GivenAway(GivenAway&& other) noexcept : value(std::exchange(other.value, true)) {}
    GivenAway& operator=(GivenAway&& other) noexcept {
      value = std::exchange(other.value, true);
      return *this;
    }
    bool value = false;
  };

 public:
  // For from_state() alone, which makes a connection where it is to stay.
  class Checked {
    friend class Connection;
    Checked() = default;
  };
  Connection(Checked checked, ConnectionState&& state, ConnectionOptions options, RecordProtection reader,
             RecordProtection writer);

  // Validates the state and expands its keys. Unread and unsent bytes of the state are taken over. Refuses a
  // state that awaits the client's Finished: see FinishedReader.
  static Result<Connection> from_state(ConnectionState&& state, ConnectionOptions options = {});

  Connection(Connection&&) noexcept = default;
  Connection& operator=(Connection&&) noexcept = default;

  // TLS 1.3: changes our sending key, so that the state that into_state() gives does not open what we have
  // sent. The KeyUpdate that tells the peer is the last of output(); after close_notify nobody needs to be
  // told. Nothing in TLS 1.2, which has no KeyUpdate.
  [[nodiscard]] Result<void> rekey_before_handover();
  // By how many bytes that makes output() grow.
  std::size_t rekey_size() const;
  // Whether our key may seal one more record.
  bool may_seal() const;

  // What into_state() would carry.
  InFlight in_flight() const;

  // Gives the connection back as a value, with everything in flight. Refused after a failure.
  [[nodiscard]] Result<ConnectionState> into_state() &&;

  // --- from the peer: the receiving functions ---

  // Room for at least `at_least` bytes of ciphertext from the peer, to be read into; then received(count). A
  // reading that fills all the room promises more, and the connection keeps its memory; call received(0) when
  // nothing more came, which gives an unused buffer back.
  MutableBytes receive_space(std::size_t at_least);
  void received(std::size_t count);
  // The same with a copy. Bytes behind the peer's close_notify are dropped (RFC 8446 §6.1).
  void feed(ByteView ciphertext);

  // Opens records until there is something to say. Repeats ApplicationData until it has been consumed.
  Event next();
  // Takes `count` bytes of the ApplicationData that next() showed.
  void consume(std::size_t count);

  // --- to the peer ---

  // Seals all of `plaintext`. Errors: refused after close_write() or a failure, consumed, limit_exceeded when
  // the key of a TLS 1.2 connection is used up (a close_notify is then in output()).
  [[nodiscard]] Result<void> write(ByteView plaintext);

  // The connection has rested: the next records are small again (ConnectionOptions::small_records_up_to). For
  // the owner of a clock; a second without a write is a rest.
  void after_idle() { written_in_a_row_ = 0; }

  // Sends close_notify; reading goes on (half-close, RFC 8446 §6.1; common practice in TLS 1.2 too).
  // Idempotent.
  [[nodiscard]] Result<void> close_write();

  // Sends a fatal alert, after which the connection is over.
  void abort(Alert alert, std::string reason);

  // TLS 1.3: sends a KeyUpdate and changes our sending key (RFC 8446 §4.6.3). Refused in TLS 1.2.
  [[nodiscard]] Result<void> update_keys(KeyUpdateRequest request);

  // Ciphertext for the transport, and how much of it was sent.
  ByteView output() const { return given_away_.value ? ByteView() : ByteView(output_).subspan(output_sent_); }
  void output_sent(std::size_t count);
  // All of output(), for a transport that wants to own the bytes that it is sending. They count as sent.
  WireBuffer take_output();

  // --- what is known ---

  // Role, suite, names and so on. Sequence numbers and closure flags are current; in-flight fields are not.
  const ConnectionState& state() const { return state_; }
  const std::optional<Failure>& failure() const { return failure_; }
  // Whether it was moved from or turned into a state.
  bool given_away() const { return given_away_.value; }

 private:
  // One record of the input; an event when there is one to report.
  std::optional<Event> open_next_record();
  std::optional<Failure> check_header(const RecordHeader& header) const;
  std::optional<Event> handle(const OpenedRecord& record);
  std::optional<Event> count_idle();
  std::optional<Event> handle_alert(ByteView content);
  std::optional<Event> handle_handshake(ByteView content);
  std::optional<Failure> handle_message(const HandshakeMessage& message);
  std::optional<Failure> handle_key_update(ByteView body);
  Failure fail_with(Failure failure);

  Result<void> writable() const;
  Result<void> seal(ContentType type, ByteView content, std::size_t padding = 0);
  Result<void> send_key_update(KeyUpdateRequest request);
  Result<void> step_write_key();
  Result<void> refresh_write_key();
  void answer_key_update_if_idle();
  void ask_for_key_update_if_used_up();
  Result<void> send_alert(AlertLevel level, Alert alert);
  std::size_t padding_for(std::size_t content_size) const;
  std::size_t fragment_size() const;
  void reserve_output(std::size_t plaintext_size);
  void release_idle_input();

  ConnectionState state_;  // the current secrets and sequence numbers live here
  ConnectionOptions options_;
  RecordProtection reader_;
  RecordProtection writer_;
  PostHandshakeReader post_handshake_;
  bool asked_for_key_update_ = false;  // of the peer's present key

  ReceiveBuffer input_;
  // The last reading filled all the space that there was: more is coming, so an empty buffer is kept.
  bool streaming_ = false;

  WireBuffer output_;
  std::size_t output_sent_ = 0;
  std::uint32_t written_in_a_row_ = 0;  // bytes, up to small_records_up_to

  unsigned idle_records_ = 0;    // in a row, see kMaxIdleRecords
  unsigned renegotiations_ = 0;  // see kMaxRenegotiations
  std::optional<Failure> failure_;
  GivenAway given_away_;
};

}  // namespace baton::tls
