#include "net/secure.h"

#include "net/timeout.h"
#include "net/tls_stream.h"

namespace baton::net {
namespace {

constexpr std::size_t kReadSize = 16 * 1024;

// Bytes of the peer that stand behind its handshake.
using Leftover = Bytes;

Task<Result<Leftover>> drive(Socket& socket, handshake::Handshake& handshake) {
  Bytes stream;  // all that the peer has sent; the handshake bounds it
  auto progress = handshake.advance({});
  for (;;) {
    if (const Bytes output = handshake.take_output(); !output.empty()) {
      if (auto sent = co_await write_all(socket, output); !sent) co_return pass_on(sent);
    }
    if (progress == handshake::Progress::failed) {
      co_return fail(ErrorCode::refused, "TLS handshake failed: " + handshake.failure().reason);
    }
    if (progress == handshake::Progress::complete) {
      stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(handshake.consumed()));
      co_return stream;
    }
    const std::size_t before = stream.size();
    stream.resize(before + kReadSize);
    auto count = co_await read_some(socket, MutableBytes(stream).subspan(before));
    if (!count) co_return pass_on(count);
    if (*count == 0) co_return fail(ErrorCode::truncated, "the peer closed during the TLS handshake");
    stream.resize(before + *count);
    progress = handshake.advance(ByteView(stream).subspan(before));
  }
}

}  // namespace

Task<Result<SecureStream>> secure(Socket socket, std::unique_ptr<handshake::Handshake> handshake,
                                  std::chrono::milliseconds timeout) {
  auto leftover = co_await with_timeout(drive(socket, *handshake), timeout, "the TLS handshake");
  if (!leftover) {
    // An alert of ours has to reach the peer, whose own bytes may be unread.
    if (leftover.error().code == ErrorCode::refused) co_await linger_and_close(socket);
    co_return pass_on(leftover);
  }
  auto state = handshake->take_state();
  if (!state) co_return pass_on(state);
  state->unread_ciphertext = std::move(*leftover);
  auto connection = tls::Connection::from_state(std::move(*state));
  if (!connection) co_return pass_on(connection);
  co_return SecureStream{std::make_unique<TlsStream>(std::move(socket), std::move(*connection)),
                         handshake->summary()};
}

}  // namespace baton::net
