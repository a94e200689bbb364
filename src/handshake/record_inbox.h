// Cuts the peer's stream into TLS records, since libssl swallows a partial record that it is given.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "tls/alert.h"

namespace baton::handshake {

struct NeedBytes {};
// One whole record with its header. The view is valid until the next add().
struct WholeRecord {
  ByteView bytes;
};
// Not a TLS record: the alert that fits, and the header as it came.
struct NotARecord {
  tls::Alert alert;
  std::string reason;
  ByteView header;
};
using NextRecord = std::variant<NeedBytes, WholeRecord, NotARecord>;

class RecordInbox {
 public:
  // Keeps the bytes until next() hands them out. The caller bounds kept().
  void add(ByteView bytes);
  // The next record is taken; it stays in memory until the next add().
  NextRecord next();
  // Bytes added and not handed out.
  std::size_t kept() const { return buffer_.size() - taken_; }

 private:
  Bytes buffer_;
  std::size_t taken_ = 0;
};

// Counts the protected records of one direction of a TLS 1.2 stream: those behind its change_cipher_spec.
class ProtectedRecords {
 public:
  // `record` is one whole record with its header.
  void note(ByteView record);
  bool begun() const { return begun_; }
  std::uint64_t count() const { return count_; }
  // The first eight payload bytes of the last one: with AES-GCM, its explicit nonce (RFC 5288 §3).
  std::uint64_t last_explicit_nonce() const { return last_explicit_nonce_; }

 private:
  bool begun_ = false;
  std::uint64_t count_ = 0;
  std::uint64_t last_explicit_nonce_ = 0;
};

}  // namespace baton::handshake
