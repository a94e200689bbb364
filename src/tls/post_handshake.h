// Post-handshake messages (RFC 8446 §4.6), which may be cut by records in any way.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/secret.h"

namespace baton::tls {

enum class HandshakeType : std::uint8_t {
  hello_request = 0,
  client_hello = 1,
  new_session_ticket = 4,
  finished = 20,
  key_update = 24,
};

struct HandshakeMessage {
  HandshakeType type;
  SecretBuffer body;
};

// Puts messages together from the contents of handshake records. Holds at most one record more than
// kMaxPostHandshakeMessage bytes, as long as the caller asks too_long() after each append().
class PostHandshakeReader {
 public:
  // Goes on from the first part of a message that another process has read.
  explicit PostHandshakeReader(SecretBuffer partial) : buffer_(std::move(partial)) {}

  void append(ByteView content) { baton::append(buffer_, content); }

  // The next whole message, if there is one.
  std::optional<HandshakeMessage> next();

  // Whether the message under way announces more than kMaxPostHandshakeMessage bytes.
  bool too_long() const;

  // Whether bytes of an unfinished message are held.
  bool in_message() const { return !buffer_.empty(); }

  std::size_t held() const { return buffer_.size(); }

  SecretBuffer take_partial() { return std::exchange(buffer_, {}); }

 private:
  // Bytes of the first message, header included; absent while its header is incomplete.
  std::optional<std::size_t> first_message_size() const;

  SecretBuffer buffer_;
};

}  // namespace baton::tls
