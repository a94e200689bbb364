#include "handshake/transcript.h"

#include <algorithm>
#include <array>

namespace baton::handshake {
namespace {

constexpr std::uint8_t kServerHello = 2;    // RFC 8446 §4
constexpr std::uint8_t kMessageHash = 254;  // RFC 8446 §4.4.1
constexpr std::size_t kRandomAt = 4 + 2;    // behind the message's header and the version

// RFC 8446 §4.1.3: the random of a ServerHello that is a HelloRetryRequest.
constexpr std::array<std::uint8_t, 32> kRetryRandom = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

bool is_retry_request(ByteView message) {
  return message.size() >= kRandomAt + kRetryRandom.size() && message[0] == kServerHello &&
         std::ranges::equal(message.subspan(kRandomAt, kRetryRandom.size()), kRetryRandom);
}

}  // namespace

void Transcript::add(ByteView message) {
  if (messages_.empty()) {
    first_size_ = message.size();
  } else if (messages_.size() == first_size_) {
    retried_ = is_retry_request(message);
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
