#include "tls/post_handshake.h"

#include "tls/limits.h"

namespace baton::tls {
namespace {}  // namespace

std::optional<std::size_t> PostHandshakeReader::first_message_size() const {
  if (buffer_.size() < kHandshakeHeaderSize) return std::nullopt;
  ByteReader reader(buffer_);
  reader.u8();
  return kHandshakeHeaderSize + reader.u24();
}

bool PostHandshakeReader::too_long() const {
  return first_message_size().value_or(0) > kMaxPostHandshakeMessage;
}

std::optional<HandshakeMessage> PostHandshakeReader::next() {
  const auto size = first_message_size();
  if (!size || buffer_.size() < *size) return std::nullopt;
  const auto begin = buffer_.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(*size);
  HandshakeMessage message{static_cast<HandshakeType>(buffer_[0]),
                           SecretBuffer(begin + kHandshakeHeaderSize, end)};
  buffer_.erase(begin, end);
  return message;
}

}  // namespace baton::tls
