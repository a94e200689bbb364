// Limits of a stream's buffers (R9).
#pragma once

#include <cstddef>

#include "baton/asio/asio_namespace.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

// Bytes asked of the next layer at once: about two full records.
inline constexpr std::size_t kReadSize = std::size_t{32} * 1024;
// Bytes of a handshake asked of the next layer at once; a server's flight comes in a few of these.
inline constexpr std::size_t kHandshakeReadSize = std::size_t{4} * 1024;
// Most bytes of plaintext that one write seals, and so most of a stream's own ciphertext that waits for the
// transport: what Asio's composed writes offer at once.
inline constexpr std::size_t kWriteSize = std::size_t{64} * 1024;
// Most bytes of ciphertext given to the next layer at once: all that one write seals.
inline constexpr std::size_t kSendSize = kWriteSize + 4096;
// With more output than this left by a write that did not finish, a write first sends that.
inline constexpr std::size_t kMaxLeftOver = std::size_t{16} * 1024;
// The largest plaintext of a record (RFC 8446 §5.1).
inline constexpr std::size_t kFullRecord = std::size_t{16} * 1024;

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
