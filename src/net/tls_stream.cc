#include "net/tls_stream.h"

#include <algorithm>

namespace baton::net {
namespace {

constexpr std::size_t kReadSize = 16 * 1024;  // bytes asked of the socket at once: about one full record

}  // namespace

Task<Result<std::size_t>> TlsStream::read_some(MutableBytes into) {
  for (;;) {
    const tls::Event event = connection_.next();
    if (const auto* data = std::get_if<tls::ApplicationData>(&event)) {
      const std::size_t count = std::min(data->bytes.size(), into.size());
      std::copy_n(data->bytes.begin(), count, into.begin());
      connection_.consume(count);
      co_return count;
    }
    if (std::holds_alternative<tls::PeerClosed>(event)) co_return std::size_t{0};
    if (const auto* failure = std::get_if<tls::Failure>(&event)) {
      static_cast<void>(co_await flush());  // our alert
      co_return fail(ErrorCode::refused, failure->reason);
    }
    const MutableBytes space = connection_.receive_space(kReadSize);
    auto count = co_await net::read_some(socket_, space);
    if (!count) co_return pass_on(count);
    if (*count == 0) co_return fail(ErrorCode::truncated, "the peer closed without close_notify");
    connection_.received(*count);
  }
}

Task<Result<void>> TlsStream::write(ByteView bytes) {
  if (auto sealed = connection_.write(bytes); !sealed) co_return sealed;
  co_return co_await flush();
}

Task<Result<void>> TlsStream::flush() {
  if (flushing_) co_return Result<void>{};
  flushing_ = true;
  Result<void> sent;
  while (sent && !connection_.output().empty()) {
    const WireBuffer bytes = connection_.take_output();
    sent = co_await write_all(socket_, bytes);
  }
  flushing_ = false;
  co_return sent;
}

void TlsStream::close() {
  if (!flushing_ && connection_.close_write()) {
    const WireBuffer bytes = connection_.take_output();
    std::error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.send(asio::buffer(bytes), 0, ignored);
  }
  std::error_code ignored;
  socket_.close(ignored);
}

}  // namespace baton::net
