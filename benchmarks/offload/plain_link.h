// A request, an answer and a report on a link with Baton's own TLS, and nothing behind it: the least that a
// question to another machine costs. As many bytes as OPEN, HANDOFF and OUTCOME have.
#pragma once

#include <memory>

#include "net/link_pump.h"
#include "net/stream.h"
#include "offload/output_queue.h"

namespace baton::bench {

enum class Message : std::uint8_t { request, answer, report };

// One end of a link. Override what it does with what it receives.
class PlainLink {
 public:
  PlainLink(const asio::any_io_executor& executor, std::unique_ptr<net::Stream> stream)
      : stream_(std::move(stream)), wake_(executor) {}
  virtual ~PlainLink() = default;
  PlainLink(const PlainLink&) = delete;
  PlainLink& operator=(const PlainLink&) = delete;

  // Until the other end closes.
  net::Task<> run();
  void say(Message message);
  void close();

  // For net::send_link_output().
  ByteView output() const { return output_.view(); }
  void output_sent(std::size_t count) { output_.sent(count); }

 protected:
  virtual void heard(Message message) = 0;

 private:
  net::Task<Result<void>> receive();
  void take_messages();

  std::unique_ptr<net::Stream> stream_;
  net::Signal wake_;
  offload::OutputQueue output_;
  Bytes received_;
  bool closed_ = false;
};

}  // namespace baton::bench
