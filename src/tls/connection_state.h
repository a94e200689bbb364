// ConnectionState: the one value that is handed on.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "baton/types.h"
#include "tls/awaited_finished.h"
#include "tls/cipher_suite.h"
#include "tls/limits.h"
#include "tls/tls12_secrets.h"

namespace baton::tls {

using baton::Role;
using baton::to_string;
using baton::UnixTime;

// Where the connection stands.
enum class Phase : std::uint8_t {
  established = 0,
  awaiting_client_finished = 1,  // a server's, handed off early: for FinishedReader alone
};

using CertificateDigest = std::array<std::uint8_t, 32>;  // SHA-256 of the DER form

// What is needed to protect the next record of one direction.
struct DirectionState {
  KeyingMaterial keying;
  std::uint64_t sequence = 0;  // of the next record
};

// A field of the serialized form that this build does not know and need not understand; carried on unchanged.
struct UnknownField {
  std::uint16_t type = 0;
  SecretBuffer value;  // who knows what a newer version keeps there
};

// All that is needed to continue a TLS connection, and nothing else: no resumption secret, and a master
// secret only where it was asked for (R3). Move-only; its secrets wipe themselves. Whoever holds one can read
// and forge the connection.
//
// A handshake makes one; `serialization` encodes and decodes one; `Connection` is built from one and turned
// back into one. Exactly one live copy may exist (R1).
struct ConnectionState {
  Role role = Role::server;
  const CipherSuite* suite = nullptr;  // never null in a valid state; it also gives the protocol version

  DirectionState read;   // protects what the peer sends
  DirectionState write;  // protects what we send

  // TLS 1.2 with AES-GCM: the explicit nonce of the next record that we send. It counts upwards by one with
  // each record, as the sequence number does (R1).
  std::uint64_t next_explicit_nonce = 0;

  // Largest plaintext fragment, in bytes, that we may send, and that the peer may send (RFC 8449, RFC 6066
  // §4).
  std::uint16_t max_send_fragment = kMaxRecordPlaintext;
  std::uint16_t max_receive_fragment = kMaxRecordPlaintext;

  bool key_update_owed = false;  // the peer asked for a KeyUpdate that we have not sent yet (RFC 8446 §4.6.3)
  bool read_closed = false;      // the peer sent close_notify
  bool write_closed = false;     // we sent close_notify

  // What is in flight. All of it moves with the connection (R2).
  Bytes unread_ciphertext;         // from the peer, not opened yet, starting at a record boundary
  SecretBuffer unread_plaintext;   // opened, not taken by the application yet
  Bytes unsent_ciphertext;         // sealed, not given to the transport yet
  SecretBuffer partial_handshake;  // the first part of a post-handshake message that spans records

  // What was negotiated, for the application. Empty or absent: not known.
  std::string server_name;             // the client's SNI host name
  std::string alpn;                    // the protocol chosen (RFC 7301)
  std::optional<std::uint16_t> group;  // IANA number of the key-exchange group
  std::optional<bool> resumed;         // whether the session was resumed
  std::optional<UnixTime> handshake_time;

  // The peer's verified certificate: the chain as the peer sent it, DER, leaf first; or only the SHA-256 of
  // the leaf. Never both.
  std::vector<Bytes> peer_chain;
  std::optional<CertificateDigest> peer_digest;

  // TLS 1.3's exporter_secret (RFC 8446 §7.5), one hash long; empty where it was not asked for. It opens and
  // forges nothing of this connection, but whatever an application derives from it.
  KeyingMaterial exporter_secret;

  // TLS 1.2's master secret; null where it was not asked for (KeptMetadata::tls12_master_secret). It is for
  // s2n-tls's format alone: Baton's own formats never carry it.
  std::unique_ptr<Tls12Secrets> tls12_secrets;

  // Null once the connection is established. A pointer, since most connections are, and are kept for long.
  std::unique_ptr<AwaitedFinished> awaited;

  std::vector<UnknownField> unknown_fields;  // in ascending order of type

  Phase phase() const { return awaited ? Phase::awaiting_client_finished : Phase::established; }

  ProtocolVersion version() const { return suite->version; }
};

// Checks what holds for every valid state: known suite, secrets of its sizes, limits in range, no KeyUpdate
// in TLS 1.2, explicit nonce only where it has a meaning; before the client's Finished, nothing in flight but
// the deferred records, which the sequence number counts. Whoever builds keys from a state calls it first
// (R5).
[[nodiscard]] Result<void> validate(const ConnectionState& state);

// Whether a connection that comes from another implementation, with `sequence` for our next record, can go on
// here: TLS 1.3 needs room for the KeyUpdate that renews a used up key, and in TLS 1.2 nothing renews it.
// Errors: limit_exceeded.
[[nodiscard]] Result<void> check_room_to_send(ProtocolVersion version, std::uint64_t sequence);

}  // namespace baton::tls
