// One handshake at a key store: bytes go to and fro between the client and the link until the connection is
// here.
#pragma once

#include <memory>

#include "baton/asio/detail/link_runner.h"
#include "baton/asio/detail/stream_core.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

// The client may say something while the key store's answer is awaited, so a read of the client may be in
// flight when the link ends the handshake. It is cancelled then, which is why nothing else may be in flight
// on the next layer, and what it brought all the same is the connection's (R2).
template <class Layer>
class relayed_handshake : public std::enable_shared_from_this<relayed_handshake<Layer>> {
 public:
  relayed_handshake(std::shared_ptr<stream_core<Layer>> core, std::shared_ptr<link_access> link,
                    net::any_io_executor executor)
      : core_(std::move(core)),
        link_(std::move(link)),
        executor_(std::move(executor)),
        ended_(executor_, net::steady_timer::time_point::max()) {}

  // The result that ends it at once; success when it runs.
  error_code begin(OffloadRequest request) {
    request.on_news = [weak = this->weak_from_this(), executor = executor_] {
      // Nothing of the link may be called from here.
      net::post(executor, [weak] {
        if (const auto self = weak.lock()) self->on_news();
      });
    };
    auto opened = link_->link.open(*core_->config, std::move(request));
    link_->send();
    if (!opened) return make_error_code(opened.error().code);
    handshake_.emplace(std::move(*opened));
    go_on();
    return {};
  }

  // Never expires; cancelled at the end.
  net::steady_timer& ended() { return ended_; }
  bool has_ended() const { return !handshake_ && is_quiet(); }
  const error_code& result() const { return result_; }

  // Ends it early.
  void stop(const error_code& why) {
    if (!handshake_) return;
    result_ = why;
    handshake_.reset();
    link_->send();  // that it is cancelled
    if (!is_quiet()) cancel_client();
    end_if_quiet();
  }

 private:
  bool is_quiet() const { return !reading_ && !sending_; }

  void on_news() {
    if (!handshake_) return;
    if (!core_->next) return stop(net::error::operation_aborted);
    step_ = handshake_->advance({});
    go_on();
  }

  void go_on() {
    const Bytes output = handshake_->take_output();
    to_send_.insert(to_send_.end(), output.begin(), output.end());
    link_->send();
    if (sending_ || !to_send_.empty()) {
      if (!sending_) send();
    } else if (step_ != HandshakeStep::need_bytes) {
      return reading_ ? cancel_client() : finish();
    }
    if (step_ == HandshakeStep::need_bytes && !reading_ && handshake_->room() > 0) read();
  }

  void send() {
    if (piece_.empty()) piece_ = std::exchange(to_send_, {});
    sending_ = true;
    (*core_->next).async_write_some(net::buffer(piece_), to_member(&relayed_handshake::on_sent));
  }

  void read() {
    reading_ = true;
    received_.resize(std::min(handshake_->room(), kHandshakeReadSize));
    (*core_->next).async_read_some(net::buffer(received_), to_member(&relayed_handshake::on_bytes));
  }

  void on_sent(const error_code& ec, std::size_t count) {
    sending_ = false;
    if (!handshake_) return end_if_quiet();
    if (ec && step_ != HandshakeStep::failed) return stop(ec);
    // After a failure that counts, not whether the client could be told.
    if (ec) piece_ = to_send_ = Bytes();
    piece_.erase(piece_.begin(),
                 piece_.begin() + static_cast<std::ptrdiff_t>(std::min(count, piece_.size())));
    if (piece_.empty()) return go_on();
    send();
  }

  void on_bytes(const error_code& ec, std::size_t count) {
    reading_ = false;
    if (!handshake_) return end_if_quiet();
    // Behind the end of the handshake, `ec` says that the read was cancelled.
    const bool goes_on = step_ == HandshakeStep::need_bytes;
    if (ec && goes_on) return stop(ec == net::error::eof ? error_code(error::stream_truncated) : ec);
    if (!ec) step_ = handshake_->advance(ByteView(received_).first(count));
    go_on();
  }

  void cancel_client() {
    if (!core_->next) return;  // it is gone, and everything on it ends
    auto& lowest = lowest_of(*core_->next);
    error_code ignored;
    if constexpr (requires { lowest.cancel(ignored); }) {
      lowest.cancel(ignored);
    } else {
      lowest.cancel();
    }
  }

  void finish() {
    result_ = step_ == HandshakeStep::complete ? take_connection() : fail();
    handshake_.reset();
    link_->send();  // what came of it
    ended_.cancel();
  }

  error_code take_connection() {
    auto connection = std::move(*handshake_).connection();
    if (!connection) return make_error_code(connection.error().code);
    core_->connection.emplace(std::move(*connection));
    return {};
  }

  error_code fail() {
    core_->handshake_failure = handshake_->failure();
    const bool is_tls = handshake_->failure_kind().starts_with("tls_alert");
    return is_tls ? make_error_code(*core_->handshake_failure) : error_code(error::key_store_failed);
  }

  void end_if_quiet() {
    if (is_quiet()) ended_.cancel();
  }

  auto to_member(void (relayed_handshake::*member)(const error_code&, std::size_t)) {
    return net::bind_executor(
        executor_, [self = this->shared_from_this(), member](const error_code& ec, std::size_t count) {
          (self.get()->*member)(self->core_->next ? ec : error_code(net::error::operation_aborted), count);
        });
  }

  std::shared_ptr<stream_core<Layer>> core_;
  std::shared_ptr<link_access> link_;
  net::any_io_executor executor_;
  net::steady_timer ended_;
  std::optional<OffloadedHandshake> handshake_;
  HandshakeStep step_ = HandshakeStep::need_bytes;
  Bytes piece_;    // being sent to the client
  Bytes to_send_;  // behind it
  Bytes received_;
  bool reading_ = false;
  bool sending_ = false;
  error_code result_;
};

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
