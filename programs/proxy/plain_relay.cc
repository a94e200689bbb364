#include "proxy/plain_relay.h"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>

namespace baton::proxy {
namespace {

constexpr std::size_t kPiece = 4 * 1024;  // bytes that show a slow reader to be alive

}  // namespace

PlainRelay::PlainRelay(net::Socket& client, net::Socket& backend, std::size_t buffer_limit,
                       MutableBytes scratch)
    : inward_{client, backend, "client_failed", nullptr},
      outward_{backend, client, "backend_failed", "client_failed"},
      scratch_(scratch.first(std::min(scratch.size(), buffer_limit))) {}

net::Task<RelayResult> PlainRelay::run() {
  using namespace asio::experimental::awaitable_operators;
  co_await (pump(inward_) && pump(outward_));
  if (result_.reason.empty()) result_.reason = "closed";
  result_.plaintext_in = inward_.carried;
  result_.plaintext_out = outward_.carried;
  co_return result_;
}

// The first reason is the one that counts. Resets, so that neither side takes a cut stream for a whole one.
void PlainRelay::end(std::string reason, std::string detail) {
  if (std::exchange(ended_, true)) return;
  result_.reason = std::move(reason);
  result_.detail = std::move(detail);
  net::reset(inward_.from);
  net::reset(inward_.to);
}

void PlainRelay::cut(std::string reason, const Error& error) {
  end(std::move(reason), error.message);
}

// Holds no buffer while there is nothing to read, reads no more before all that was read is written, and lets
// others have their turn between two reads.
net::Task<> PlainRelay::pump(Direction& direction) {
  while (!ended_) {
    if (auto ready = co_await net::wait_readable(direction.from); !ready) {
      co_return cut(direction.read_failed, ready.error());
    }
    const auto count = net::try_read(direction.from, scratch_);
    if (!count) continue;
    if (!*count) co_return cut(direction.read_failed, count->error());
    touch();
    if (**count == 0) {
      direction.closed = true;
      net::shut_down_sending(direction.to);
      co_return;
    }
    const auto written = co_await pass_on_bytes(direction, scratch_.first(**count));
    if (!written && direction.write_failed != nullptr) cut(direction.write_failed, written.error());
    if (!written) co_return;
    direction.carried += **count;
  }
}

// What the kernel does not take at once is copied: others use the scratch memory while it waits.
net::Task<Result<void>> PlainRelay::pass_on_bytes(Direction& direction, ByteView bytes) {
  const auto taken = net::try_write(direction.to, bytes);
  if (!taken) co_return tl::unexpected(taken.error());
  if (*taken == bytes.size()) co_return Result<void>{};
  const Bytes rest(bytes.begin() + static_cast<std::ptrdiff_t>(*taken), bytes.end());
  for (ByteView left = rest; !left.empty();) {
    const ByteView piece = left.first(std::min(left.size(), kPiece));
    if (auto written = co_await net::write_all(direction.to, piece); !written) co_return written;
    touch();
    left = left.subspan(piece.size());
  }
  co_return Result<void>{};
}

}  // namespace baton::proxy
