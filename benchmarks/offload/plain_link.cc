#include "offload/plain_link.h"

#include <array>
#include <asio/experimental/awaitable_operators.hpp>

#include "require.h"

namespace baton::bench {
namespace {

constexpr std::size_t kHeader = 5;  // message, id, size of the body
constexpr std::array<std::size_t, 3> kLeast = {600, 1800,
                                               24};  // bytes of each message, in the order of Message

std::size_t size_of(std::uint8_t message, std::size_t body) {
  return std::max(kLeast.at(message), kHeader + body);
}

}  // namespace

net::Task<> PlainLink::run() {
  using namespace asio::experimental::awaitable_operators;
  co_await (receive() || net::send_link_output(*this, *stream_, wake_, [] { return false; }));
}

void PlainLink::say(Message message, std::uint16_t id, ByteView body) {
  const auto kind = static_cast<std::uint8_t>(message);
  SecretBuffer& out = output_.buffer();
  const std::size_t end = out.size() + size_of(kind, body.size());
  out.push_back(kind);
  for (const std::size_t number : {std::size_t{id}, body.size()}) {
    out.push_back(static_cast<std::uint8_t>(number >> 8));
    out.push_back(static_cast<std::uint8_t>(number));
  }
  append(out, body);
  out.resize(end);
  wake_.notify();
}

net::Task<Result<void>> PlainLink::receive() {
  SecretBuffer buffer(net::kLinkChunk);
  for (;;) {
    const auto count = co_await stream_->read_some(buffer);
    if (!count || *count == 0) co_return Result<void>{};
    append(received_, ByteView(buffer).first(*count));
    std::size_t taken = 0;
    while (const std::size_t size = take_message(ByteView(received_).subspan(taken))) taken += size;
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(taken));
  }
}

std::size_t PlainLink::take_message(ByteView bytes) {
  ByteReader reader(bytes);
  const std::uint8_t kind = reader.u8();
  const std::uint16_t id = reader.u16();
  const std::size_t body = reader.u16();
  if (!reader.ok() || bytes.size() < size_of(kind, body)) return 0;
  heard(static_cast<Message>(kind), id, reader.bytes(body));
  return size_of(kind, body);
}

}  // namespace baton::bench
