#include "tls/hello_retry.h"

#include <algorithm>
#include <array>

#include "tls/limits.h"

namespace baton::tls {
namespace {

constexpr std::uint8_t kServerHello = 2;                     // RFC 8446 §4
constexpr std::size_t kRandomAt = kHandshakeHeaderSize + 2;  // behind the message's header and the version

// RFC 8446 §4.1.3: the random of a ServerHello that is a HelloRetryRequest.
constexpr std::array<std::uint8_t, 32> kRetryRandom = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

}  // namespace

bool is_hello_retry_request(ByteView message) {
  return message.size() >= kRandomAt + kRetryRandom.size() && message[0] == kServerHello &&
         std::ranges::equal(message.subspan(kRandomAt, kRetryRandom.size()), kRetryRandom);
}

}  // namespace baton::tls
