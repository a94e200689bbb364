// The application server's side of an early handoff: from the serialized connection to the client's Finished.
#pragma once

#include <variant>

#include "tls/connection.h"

namespace baton::tls {

// The client has sent the Finished that was awaited: take the connection.
struct FinishedVerified {};
using FinishedVerdict = std::variant<NeedBytes, FinishedVerified, Failure>;

// Reads the rest of a client's handshake. Sans-I/O; not thread-safe. Until the Finished has been verified
// nothing is sealed but one alert, and no ticket, no application byte and no identity comes out.
//
// feed() and next() until it says something other than NeedBytes. After FinishedVerified: into_connection(),
// whose output begins with the deferred tickets and whose input with what stood behind the Finished (R2).
// After a Failure: take_output() may hold an alert for the client; none when the client sent one.
class FinishedReader {
 public:
  // Errors: refused when the state awaits no Finished, and those of validate().
  static Result<FinishedReader> from_state(ConnectionState&& state, ConnectionOptions options = {});

  // Bytes of the client, in any cutting, from behind what the key store's handshake has consumed. All of them
  // are kept, so the caller only reads on while next() says NeedBytes.
  void feed(ByteView ciphertext);

  // Repeats its last word once that is final.
  FinishedVerdict next();

  Bytes take_output() { return std::exchange(output_, {}); }

  // Only after FinishedVerified; otherwise refused.
  [[nodiscard]] Result<Connection> into_connection() &&;

 private:
  FinishedReader(ConnectionState&& state, ConnectionOptions options, RecordProtection reader);

  // Each takes what it is given; a verdict when there is one.
  std::optional<FinishedVerdict> take_record();
  std::optional<FinishedVerdict> take_plaintext(ContentType type, ByteView content);
  std::optional<FinishedVerdict> take_protected(MutableBytes record);
  std::optional<FinishedVerdict> take_fragment(ByteView fragment);
  Failure fail_with(Alert alert, std::string reason);

  ConnectionState state_;
  ConnectionOptions options_;
  RecordProtection reader_;  // under the client's handshake key
  std::uint64_t sequence_ = 0;
  unsigned change_cipher_specs_ = 0;
  ReceiveBuffer input_;
  FinishedMessage message_;
  std::size_t message_size_ = 0;  // bytes of it that have come
  Bytes output_;
  FinishedVerdict verdict_ = NeedBytes{kRecordHeaderSize};
};

}  // namespace baton::tls
