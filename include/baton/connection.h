// An established TLS connection: records in, plaintext out, and back. Sans-I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/bytes.h"
#include "baton/error.h"
#include "baton/events.h"
#include "baton/export.h"
#include "baton/types.h"

namespace baton {

class Config;

// Whether a connection can be serialized now, and what would move with it.
struct BATON_EXPORT SerializationReadiness {
  // Why not: consumed; refused (no serialization version is set, or the connection has failed);
  // unsupported_version; limit_exceeded (more is in flight than a serialized connection may hold: read it, or
  // send it). Absent when it can.
  std::optional<Error> obstacle;
  bool ready() const { return !obstacle; }  // it can

  std::size_t length = 0;             // bytes of the serialized form; 0 when nothing would be written
  std::size_t unread_ciphertext = 0;  // bytes from the peer that were not opened, a partial record included
  std::size_t unread_plaintext = 0;   // bytes of application data that were not consumed
  std::size_t unsent_ciphertext = 0;  // bytes of output() that the transport has not taken
  std::size_t partial_handshake = 0;  // bytes of a post-handshake message that has come in part
  bool key_update_owed = false;       // a KeyUpdate that the peer waits for
};

// Comes from a Handshake or from deserialize(). Move-only: one connection, one object (R1). An object that
// was moved from or serialized answers every call with ErrorCode::consumed, or with nothing, and sends
// nothing, not even an alert. Belongs to one thread at a time; two objects never share anything.
//
// The loop of a reader: put bytes in with feed() (or receive_space() and received()), call next() until it
// says NeedBytes, PeerClosed or Failure; after each ApplicationData call consume(). After any call at all,
// output() may hold bytes for the peer: application records, but also KeyUpdates and alerts, all in their
// order.
class BATON_EXPORT Connection {
 public:
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // --- from the peer: the receiving functions ---

  // Room for at least `at_least` bytes of ciphertext from the peer, to be read into; then received(count),
  // also with 0, which gives an unused buffer back.
  MutableBytes receive_space(std::size_t at_least);
  void received(std::size_t count);
  // The same with a copy. Bytes behind the peer's close_notify are dropped (RFC 8446 §6.1).
  void feed(ByteView ciphertext);

  // Opens records until there is something to say. Repeats ApplicationData until it has been consumed.
  Event next();
  // Takes `count` bytes of the ApplicationData that next() showed.
  void consume(std::size_t count);

  // --- to the peer ---

  // Seals all of `plaintext`. Errors: consumed; refused, after close_write() or a failure; limit_exceeded,
  // when the key of a TLS 1.2 connection is used up: what it could still seal is in output(), and a
  // close_notify behind it.
  [[nodiscard]] Result<void> write(ByteView plaintext);
  // The connection has rested: the next records are small again (Config::set_small_records_up_to). For the
  // owner of a clock; a second without a write is a rest.
  void after_idle();
  // Sends close_notify; reading goes on (half-close, RFC 8446 §6.1). Idempotent.
  [[nodiscard]] Result<void> close_write();
  // Sends a fatal alert, after which the connection is over. close_notify, which is none, becomes
  // internal_error.
  void abort(Alert alert, std::string_view reason);
  // TLS 1.3: sends a KeyUpdate and changes our sending key (RFC 8446 §4.6.3). Refused in TLS 1.2.
  [[nodiscard]] Result<void> update_keys(KeyUpdateRequest request);

  // Ciphertext for the transport, valid until the next call that is not const; and how much of it was sent.
  ByteView output() const;
  void output_sent(std::size_t count);
  // All of output(), for a transport that wants to own what it is sending. It counts as sent: serialized
  // after this, the connection does not carry it.
  Bytes take_output();

  // --- serialization (the calls are in serialize.h) ---

  // Whether serialize() would work now, and what would move. Changes nothing.
  SerializationReadiness serialization_readiness() const;

  // --- what is known; views are valid as long as the object lives and is not given away ---

  bool alive() const;  // neither moved from nor serialized
  // The first two abort when it is not alive: there is no answer that would not mislead.
  Role role() const;
  ProtocolVersion protocol_version() const;
  std::string_view cipher_suite() const;     // IANA name
  std::optional<std::string> group() const;  // of the key exchange, for example "X25519"
  std::optional<std::string_view> server_name()
      const;                                       // the client's SNI; absent: none was sent, or not known
  std::optional<std::string_view> alpn() const;    // absent: none was negotiated, or not known
  std::optional<bool> resumed() const;             // absent: not known
  std::optional<UnixTime> handshake_time() const;  // its end; absent: not known
  // The peer's verified certificate: SHA-256 of its DER form, and the chain as DER, leaf first. Known as far
  // as KeptMetadata asked for it; empty chain: not known.
  std::optional<std::array<std::uint8_t, 32>> peer_certificate_digest() const;
  const std::vector<Bytes>& peer_certificate_chain() const;
  // Why the connection is over; absent while it is not.
  const std::optional<Failure>& failure() const;

  // Whether export_keying_material() can answer.
  bool can_export_keying_material() const;
  // TLS 1.3's exporter (RFC 8446 §7.5), the same at both ends: fills `out`, at most 255 hashes
  // (8160 bytes with SHA-256). `label` is at most 249 bytes; without a context pass an empty one, which is
  // the same (RFC 8446 §7.5). Errors: consumed; refused, when the exporter secret was not kept (KeptMetadata)
  // or in TLS 1.2, whose exporter would need the master secret (R3); invalid_argument for sizes.
  [[nodiscard]] Result<void> export_keying_material(std::string_view label, ByteView context,
                                                    MutableBytes out) const;

  // For Baton itself.
  struct BATON_HIDDEN Inside;
  explicit Connection(std::unique_ptr<Inside> inside);
  Inside& inside() { return *inside_; }
  const Inside& inside() const { return *inside_; }

 private:
  std::unique_ptr<Inside> inside_;  // never null but after a move
};

}  // namespace baton
