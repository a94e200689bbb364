// Every limit of the record layer, with unit and reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace baton::tls {

inline constexpr std::size_t kRecordHeaderSize = 5;        // bytes: type, version, length
inline constexpr std::size_t kHandshakeHeaderSize = 4;     // bytes: type, uint24 length, RFC 8446 §4
inline constexpr std::size_t kAlertSize = 2;               // bytes: level, description, RFC 8446 §6
inline constexpr std::size_t kMaxRecordPlaintext = 16384;  // bytes, RFC 8446 §5.1
inline constexpr std::size_t kMinRecordPlaintext = 63;  // bytes, RFC 8449 §4 (64 less TLS 1.3's content type)
inline constexpr std::size_t kMaxTls13Expansion = 256;   // bytes beyond the plaintext, RFC 8446 §5.2
inline constexpr std::size_t kMaxTls12Expansion = 2048;  // bytes beyond the plaintext, RFC 5246 §6.2.3

// A handshake message after the handshake: NewSessionTicket is the largest that is legal (2^16 of ticket, and
// a 2^16 of extensions that nobody sends); a renegotiating ClientHello of TLS 1.2 is far below.
inline constexpr std::size_t kMaxPostHandshakeMessage = 66 * 1024;  // bytes

// A record that fits one TCP segment of an Ethernet, with the headers of IPv6 and TCP's options.
inline constexpr std::size_t kSmallRecord = 1350;  // bytes of plaintext
// As many small records as a TCP that starts slowly sends in its first three round trips (RFC 6928).
inline constexpr std::uint32_t kSmallRecordsUpTo = 64 * 1024;  // bytes of plaintext

// A peer's certificate chain that is kept, in all. A longer one is kept as a digest only.
inline constexpr std::size_t kMaxPeerChain = 32 * 1024;  // bytes of DER
inline constexpr std::size_t kMaxPeerCertificates = 16;

// Records in a row that carry no application data (empty ones, KeyUpdates, tickets, warnings), and messages
// in them. Each application record that we send makes up for one. A peer that sends more is working us for
// nothing (R9). OpenSSL allows 32 KeyUpdates, BoringSSL 32 empty records.
inline constexpr unsigned kMaxIdleRecords = 32;

// Renegotiations that a TLS 1.2 peer may ask for, each answered by a warning. One that goes on asking without
// reading would make our output grow (R9).
inline constexpr unsigned kMaxRenegotiations = 3;

// How many records one key may protect. RFC 8446 §5.5 gives 2^24.5 full-size records for AES-GCM.
struct KeyLimits {
  // From here on TLS 1.3 sends a KeyUpdate before the next record, and TLS 1.2 closes.
  std::uint64_t rekey_after = std::uint64_t{1} << 24;
  // Nothing is sealed with a sequence number from here on, not even an alert.
  std::uint64_t refuse_after = 23'726'566;
};

// Records that a key keeps for what changes it or ends the connection: a KeyUpdate, close_notify, an alert.
inline constexpr std::uint64_t kRecordsToEnd = 16;

}  // namespace baton::tls
