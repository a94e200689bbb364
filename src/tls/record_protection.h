// Record protection of one direction under one key (RFC 8446 §5.2, RFC 5246 §6.2.3.3).
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/aead.h"
#include "tls/alert.h"
#include "tls/connection_state.h"

namespace baton::tls {

enum class ContentType : std::uint8_t {
  invalid = 0,
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23,
};

// A record that has been opened. The content lies in the buffer that was opened in place.
struct OpenedRecord {
  ContentType type;
  ByteView content;
};

// What is outside of the sealed content.
struct RecordHeader {
  ContentType type;
  std::uint16_t version;
  std::uint16_t length;  // bytes behind the header
};

// `header` has kRecordHeaderSize bytes.
RecordHeader parse_record_header(ByteView header);

class RecordProtection {
 public:
  // Derives key and IV (RFC 8446 §7.3), or takes them from TLS 1.2's keying material.
  static Result<RecordProtection> create(const CipherSuite& suite, const KeyingMaterial& keying);

  // Bytes of the whole record that seals so much content and padding.
  std::size_t record_size(std::size_t content_size, std::size_t padding) const;

  // Writes one record into `record`, which has record_size() bytes: header, explicit nonce, sealed content,
  // tag. `content` is at most kMaxRecordPlaintext bytes and does not overlap the record; `padding` zero bytes
  // are added behind it (TLS 1.3 only, otherwise 0). `explicit_nonce` matters only where the suite has one.
  // False when the library fails; the record is then wiped.
  [[nodiscard]] bool seal(std::uint64_t sequence, std::uint64_t explicit_nonce, ContentType type,
                          ByteView content, std::size_t padding, MutableBytes record);

  // Opens a whole record, header included, in place. A failure holds the alert that the RFC asks for.
  [[nodiscard]] tl::expected<OpenedRecord, Failure> open(std::uint64_t sequence, MutableBytes record);

  // Largest length field that a header may carry.
  std::size_t max_record_length() const;

 private:
  RecordProtection(const CipherSuite& suite, std::unique_ptr<crypto::AeadKey> key, ByteView fixed_iv);

  crypto::AeadNonce nonce(std::uint64_t sequence, ByteView explicit_nonce) const;

  const CipherSuite* suite_;
  std::unique_ptr<crypto::AeadKey> key_;
  Secret<crypto::kAeadNonceSize> fixed_iv_;
};

// The traffic secret that follows (RFC 8446 §7.2). TLS 1.3 only.
Result<KeyingMaterial> next_traffic_secret(const CipherSuite& suite, const KeyingMaterial& current);

}  // namespace baton::tls
