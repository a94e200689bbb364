// A connection without TLS: bytes are passed on as they are, both ways with back-pressure.
#pragma once

#include "net/socket.h"
#include "proxy/running_relay.h"

namespace baton::proxy {

class PlainRelay final : public RunningRelay {
 public:
  // `scratch` is memory of the event loop that no coroutine uses across a suspension. What one read may take,
  // and so what may wait in one direction, is `buffer_limit`.
  PlainRelay(net::Socket& client, net::Socket& backend, std::size_t buffer_limit, MutableBytes scratch);

  // Carries data until both directions have ended. Half-close is passed on in both directions.
  net::Task<RelayResult> run();

  void end(std::string reason, std::string detail = {}) override;
  std::chrono::steady_clock::time_point last_activity() const override { return last_activity_; }
  bool half_closed() const override { return inward_.closed != outward_.closed; }
  bool closing() const override { return ended_; }

 private:
  struct Direction {
    net::Socket& from;
    net::Socket& to;
    const char* read_failed;   // the reason when reading fails
    const char* write_failed;  // and when writing does; null: that it has failed is for the reader of `to` to
                               // see, which may have sent its last bytes and closed before it had read all
    std::uint64_t carried = 0;  // bytes
    bool closed = false;        // its end was passed on
  };

  net::Task<> pump(Direction& direction);
  net::Task<Result<void>> pass_on_bytes(Direction& direction, ByteView bytes);
  void cut(std::string reason, const Error& error);
  void touch() { last_activity_ = std::chrono::steady_clock::now(); }

  Direction inward_;
  Direction outward_;
  MutableBytes scratch_;
  std::chrono::steady_clock::time_point last_activity_ = std::chrono::steady_clock::now();
  RelayResult result_;
  bool ended_ = false;
};

}  // namespace baton::proxy
