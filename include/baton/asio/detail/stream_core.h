// What a stream and its operations share. It lives as long as one of them does.
#pragma once

#include <memory>
#include <optional>

#include "baton/asio/detail/limits.h"
#include "baton/asio/detail/next_layer.h"
#include "baton/asio/error.h"
#include "baton/config.h"
#include "baton/connection.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

template <class Layer>
struct stream_core {
  template <class Argument>
  explicit stream_core(Argument&& argument) : next(std::forward<Argument>(argument)) {}

  bool idle() const { return !reading && !writing; }
  // Why the connection is over, or the handshake failed.
  const std::optional<Failure>& failure() const {
    return connection ? connection->failure() : handshake_failure;
  }

  next_layer<Layer> next;
  std::optional<Config> config;          // for handshakes
  std::optional<Connection> connection;  // after a handshake, until it is taken
  std::optional<Failure> handshake_failure;
  // In flight. A reader's bytes go straight into the connection, and a writer's out of its output; so nobody
  // else may do the same, and the connection must stay.
  bool reading = false;
  bool writing = false;
};

// What every operation of a stream does alike.
template <class Layer>
class stream_operation {
 public:
  explicit stream_operation(std::shared_ptr<stream_core<Layer>> core) : core_(std::move(core)) {}

 protected:
  stream_core<Layer>& core() { return *core_; }
  Connection& connection() { return *core_->connection; }
  auto& next() { return *core_->next; }
  // What the next layer said; or that the stream is gone, and the operation must touch nothing more of it.
  error_code check(const error_code& ec) const {
    return core_->next ? ec : error_code(net::error::operation_aborted);
  }

  // The same of a piece of output. What the next layer has taken counts beside an error, too: where that is
  // a TLS stream, it is sealed.
  error_code check_sent(const error_code& ec, std::size_t count) {
    if (core_->next) connection().output_sent(count);
    return check(ec);
  }

  // Starts to send the next piece of the connection's output, in the phase `sending`. False: there is none.
  // The piece is a copy, since a reader may append to the output meanwhile (alerts, KeyUpdates). The original
  // is dropped when the next layer has taken it, so the connection always knows what it has still to send.
  template <class Self, class Phase>
  bool send_output(Self& self, Phase& phase, Phase sending) {
    const ByteView output = connection().output();
    if (output.empty()) {
      piece_ = Bytes();
      return false;
    }
    const ByteView front = output.first(std::min(output.size(), kSendSize));
    piece_.assign(front.begin(), front.end());
    const auto buffer = net::buffer(std::as_const(piece_));
    phase = sending;  // before the operation moves
    next().async_write_some(buffer, std::move(self));
    return true;
  }

  void free_piece() { piece_ = Bytes(); }

  // An operation must not complete inside of the call that started it. True: it comes back in its last phase,
  // and `self` is moved.
  template <class Self, class Phase>
  static bool ends_later(Self& self, Phase& phase) {
    if (std::exchange(phase, Phase::end) != Phase::begin) return false;
    net::post(std::move(self));
    return true;
  }

 private:
  std::shared_ptr<stream_core<Layer>> core_;
  Bytes piece_;
};

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
