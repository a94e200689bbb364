// Requests, answers and reports on a link with Baton's own TLS, of no fewer bytes than OPEN, HANDOFF and
// OUTCOME have: what a question to another machine costs whoever answers it.
#pragma once

#include <memory>

#include "net/link_pump.h"
#include "net/stream.h"
#include "offload/output_queue.h"

namespace baton::bench {

enum class Message : std::uint8_t { request, answer, report };

// One end of a link.
class PlainLink {
 public:
  PlainLink(const asio::any_io_executor& executor, std::unique_ptr<net::Stream> stream)
      : stream_(std::move(stream)), wake_(executor) {}
  virtual ~PlainLink() = default;
  PlainLink(const PlainLink&) = delete;
  PlainLink& operator=(const PlainLink&) = delete;

  // Until the other end closes.
  net::Task<> run();
  // `id` says which request it belongs to. Padded to its usual size.
  void say(Message message, std::uint16_t id, ByteView body = {});

  // For net::send_link_output().
  ByteView output() const { return output_.view(); }
  void output_sent(std::size_t count) { output_.sent(count); }

 protected:
  virtual void heard(Message message, std::uint16_t id, ByteView body) = 0;

 private:
  net::Task<Result<void>> receive();
  // Calls heard() for the first of the bytes; how many it took, 0 when the message is not whole.
  std::size_t take_message(ByteView bytes);

  std::unique_ptr<net::Stream> stream_;
  net::Signal wake_;
  offload::OutputQueue output_;
  Bytes received_;
};

}  // namespace baton::bench
