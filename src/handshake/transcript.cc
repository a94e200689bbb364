#include "handshake/transcript.h"

#include "tls/hello_retry.h"

namespace baton::handshake {
namespace {

constexpr std::uint8_t kMessageHash = 254;  // RFC 8446 §4.4.1

}  // namespace

void Transcript::add(ByteView message) {
  if (messages_.empty()) {
    first_size_ = message.size();
  } else if (messages_.size() == first_size_) {
    retried_ = tls::is_hello_retry_request(message);
  }
  append(messages_, message);
}

Result<Bytes> Transcript::hash(crypto::HashAlgorithm algorithm) const {
  const std::size_t size = crypto::hash_size(algorithm);
  Bytes hash(size);
  if (!retried_) {
    if (auto done = crypto::digest(algorithm, messages_, hash); !done) return pass_on(done);
    return hash;
  }
  // RFC 8446 §4.4.1: the first ClientHello is replaced by a message_hash message that holds its hash.
  if (auto done = crypto::digest(algorithm, ByteView(messages_).first(first_size_), hash); !done) {
    return pass_on(done);
  }
  Bytes messages = {kMessageHash, 0, 0, static_cast<std::uint8_t>(size)};
  append(messages, hash);
  append(messages, ByteView(messages_).subspan(first_size_));
  if (auto done = crypto::digest(algorithm, messages, hash); !done) return pass_on(done);
  return hash;
}

}  // namespace baton::handshake
