// What carries the bytes of a link to a key store. Shared by the link and the handshakes on it.
#pragma once

#include <memory>

#include "baton/asio/detail/limits.h"
#include "baton/asio/detail/next_layer.h"
#include "baton/asio/error.h"
#include "baton/offload.h"
#include "baton/secret.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

// A key store that answers no ping for this long is dead.
inline constexpr std::chrono::seconds kPingInterval{5};

// The link, for the handshakes on it.
struct link_access {
  explicit link_access(LinkToKeyStore to_key_store) : link(std::move(to_key_store)) {}
  link_access(const link_access&) = delete;
  link_access& operator=(const link_access&) = delete;
  virtual ~link_access() = default;

  // Sends what the link has to say. Call it after every call on the link or on one of its handshakes.
  virtual void send() = 0;

  LinkToKeyStore link;
};

template <class Layer>
class link_runner final : public link_access, public std::enable_shared_from_this<link_runner<Layer>> {
 public:
  link_runner(Layer layer, LinkToKeyStore to_key_store)
      : link_access(std::move(to_key_store)),
        next_(std::move(layer)),
        ready_or_ended_((*next_).get_executor(), net::steady_timer::time_point::max()),
        ping_timer_((*next_).get_executor()) {}

  auto get_executor() { return ready_or_ended_.get_executor(); }

  // --- for async_wait_ready() ---

  bool is_settled() const { return link.ready() || ended_; }
  net::steady_timer& ready_or_ended() { return ready_or_ended_; }

  // --- for async_run() ---

  // False: it runs already, or has ended.
  bool start() {
    if (std::exchange(running_, true)) return false;
    send();
    if (!ended_) watch();
    return !ended_;
  }

  bool has_ended() const { return ended_; }

  template <class Handler>
  void read(Handler&& handler) {
    received_.resize(kSendSize);
    (*next_).async_read_some(net::buffer(received_), std::forward<Handler>(handler));
  }

  // False: the link has ended.
  bool on_bytes(const error_code& ec, std::size_t count) {
    if (ended_) return false;
    if (ec) {
      end(link.finished() ? error_code() : ec, "the key store closed the link");
      return false;
    }
    const MutableBytes bytes = MutableBytes(received_).first(count);
    const bool was_idle = link.in_flight() == 0;
    auto taken = link.receive(bytes);
    wipe(bytes);  // R6: a connection may be in it
    if (!taken) {
      result_ = make_error_code(taken.error().code);
    } else if (!link.end_reason().empty() && !(link.going_away() && was_idle)) {
      result_ = make_error_code(ErrorCode::refused);  // by the key store
    }
    send();
    if (is_settled()) ready_or_ended_.cancel();
    return !ended_;
  }

  const error_code& result() const { return result_; }

  // --- at any time ---

  void send() override {
    if (sending_ || ended_) return;
    const ByteView output = link.output();
    if (output.empty()) {
      if (link.finished()) end(result_, {});
      return;
    }
    const ByteView front = output.first(std::min(output.size(), kSendSize));
    piece_.assign(front.begin(), front.end());
    sending_ = true;
    const auto handler = [self = this->shared_from_this()](const error_code& ec, std::size_t count) {
      self->on_sent(ec, count);
    };
    (*next_).async_write_some(net::buffer(piece_), net::bind_executor(get_executor(), handler));
  }

  // Every handshake on it fails, and async_run() completes.
  void end(const error_code& why, std::string_view reason) {
    if (std::exchange(ended_, true)) return;
    if (!result_) result_ = why;
    link.end(reason);
    ping_timer_.cancel();
    ready_or_ended_.cancel();
    next_.destroy();
  }

 private:
  void on_sent(const error_code& ec, std::size_t count) {
    sending_ = false;
    if (ended_) return;
    if (ec) return end(ec, "the link broke: " + ec.message());
    link.output_sent(count);
    send();
  }

  void watch() {
    ping_timer_.expires_after(kPingInterval);
    const auto handler = [weak = this->weak_from_this()](const error_code& ec) {
      const auto self = weak.lock();
      if (self && !ec) self->ping();
    };
    ping_timer_.async_wait(net::bind_executor(get_executor(), handler));
  }

  void ping() {
    if (ended_) return;
    if (!link.ready()) return end(net::error::timed_out, "the key store sent no HELLO in time");
    if (link.unanswered_pings() > 0) {
      return end(net::error::timed_out, "the key store does not answer pings");
    }
    static_cast<void>(link.ping());  // refused where the link has ended
    send();
    if (!ended_) watch();
  }

  next_layer<Layer> next_;
  net::steady_timer ready_or_ended_;  // never expires; cancelled when one of the two is true
  net::steady_timer ping_timer_;
  Bytes received_;
  Bytes piece_;
  bool running_ = false;
  bool sending_ = false;
  bool ended_ = false;
  error_code result_;
};

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
