#include "offload/plain_link.h"

#include <array>
#include <asio/experimental/awaitable_operators.hpp>

namespace baton::bench {
namespace {

// Bytes of each message, in the order of Message.
constexpr std::array<std::size_t, 3> kSizes = {600, 1800, 24};

std::size_t size_of(std::uint8_t message) {
  return kSizes.at(message);
}

}  // namespace

net::Task<> PlainLink::run() {
  using namespace asio::experimental::awaitable_operators;
  co_await (receive() || net::send_link_output(*this, *stream_, wake_, [this] { return closed_; }));
}

void PlainLink::say(Message message) {
  SecretBuffer& buffer = output_.buffer();
  const auto kind = static_cast<std::uint8_t>(message);
  buffer.resize(buffer.size() + size_of(kind), kind);
  wake_.notify();
}

void PlainLink::close() {
  closed_ = true;
  stream_->close();
  wake_.notify();
}

net::Task<Result<void>> PlainLink::receive() {
  SecretBuffer buffer(net::kLinkChunk);
  for (;;) {
    const auto count = co_await stream_->read_some(buffer);
    if (!count || *count == 0) co_return Result<void>{};
    append(received_, ByteView(buffer).first(*count));
    take_messages();
  }
}

void PlainLink::take_messages() {
  std::size_t taken = 0;
  while (taken < received_.size() && size_of(received_[taken]) <= received_.size() - taken) {
    const std::uint8_t kind = received_[taken];
    taken += size_of(kind);
    heard(static_cast<Message>(kind));
  }
  received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(taken));
}

}  // namespace baton::bench
