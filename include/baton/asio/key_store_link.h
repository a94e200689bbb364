// A link to a key store as an object of Asio (docs/link-protocol.md).
//
//   baton::asio::stream<tcp::socket> stream(socket_to_key_store, client_config);
//   co_await stream.async_handshake(use_awaitable);
//   auto link = baton::asio::key_store_link<tcp::socket>::over(std::move(stream));
//   co_spawn(executor, link->async_run(use_awaitable), …);
//   co_await link->async_wait_ready(use_awaitable);
//   …
//   baton::asio::stream<tcp::socket> client(std::move(socket), Config::continuing(Role::server));
//   co_await client.async_handshake(*link, request, use_awaitable);
//
// Many handshakes may be on a link. It sends a ping every five seconds, and ends when one is not answered by
// the next. A link should live for an hour at most: open a new one, and call go_away() on the old one.
#pragma once

#include <string>
#include <string_view>

#include "baton/asio/detail/link_op.h"
#include "baton/asio/stream.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {

// `NextLayer`: an AsyncStream, by value. Belongs to one thread or strand, with the streams that use it.
template <class NextLayer>
class key_store_link {
 public:
  using executor_type = net::any_io_executor;  // of the next layer

  // Takes the next layer and the connection of an established stream: mutual TLS 1.3, as its client,
  // with the key store's certificate kept (ClientSettings::keep, its peer). Errors: refused, consumed.
  static Result<key_store_link> over(stream<NextLayer> established, const LinkOptions& options = {}) {
    auto connection = established.release();
    if (!connection) return tl::unexpected(std::move(connection.error()));
    auto link = LinkToKeyStore::over(std::move(*connection), options);
    if (!link) return tl::unexpected(std::move(link.error()));
    return key_store_link(std::move(established.next_layer()), std::move(*link));
  }
  // Without TLS of its own: the bytes hold traffic secrets in the clear. For a Unix socket whose peer was
  // asked for its credentials.
  static key_store_link over_unprotected(NextLayer next, const LinkOptions& options = {}) {
    return key_store_link(std::move(next), LinkToKeyStore::over_unprotected(options));
  }

  key_store_link(key_store_link&&) noexcept = default;
  key_store_link& operator=(key_store_link&& other) noexcept {
    if (this == &other) return *this;
    const key_store_link old(std::move(*this));
    runner_ = std::move(other.runner_);
    return *this;
  }
  // Ends the link; every handshake on it fails.
  ~key_store_link() {
    if (runner_) runner_->end(net::error::operation_aborted, "the link was closed");
  }

  // The next layer's.
  executor_type get_executor() noexcept { return runner_->get_executor(); }

  // void(error_code). Runs the link until it ends, and must be called for anything to happen. Success: it
  // went away and its last handshake has ended. Otherwise end_reason() says why.
  template <class Token = net::default_completion_token_t<executor_type>>
  auto async_run(Token&& token = {}) {
    return net::async_compose<Token, void(error_code)>(detail::link_run_op<NextLayer>(runner_), token,
                                                       get_executor());
  }
  // void(error_code). Waits until handshakes can be opened; not_connected, when the link has ended.
  template <class Token = net::default_completion_token_t<executor_type>>
  auto async_wait_ready(Token&& token = {}) {
    return net::async_compose<Token, void(error_code)>(detail::link_ready_op<NextLayer>(runner_), token,
                                                       get_executor());
  }

  // Handshakes can be opened, unless going_away().
  bool ready() const { return runner_->link.ready(); }
  bool going_away() const { return runner_->link.going_away(); }
  // No new handshakes; async_run() completes once those that run have ended.
  void go_away(std::string_view reason) {
    runner_->link.go_away(reason);
    runner_->send();
  }
  // Handshakes that have not ended.
  std::size_t in_flight() const { return runner_->link.in_flight(); }
  // For people; empty as long as it has not ended.
  const std::string& end_reason() const { return runner_->link.end_reason(); }

  // For stream.
  std::shared_ptr<detail::link_access> runner() const { return runner_; }

 private:
  key_store_link(NextLayer next, LinkToKeyStore link)
      : runner_(std::make_shared<detail::link_runner<NextLayer>>(std::move(next), std::move(link))) {}

  std::shared_ptr<detail::link_runner<NextLayer>> runner_;  // never null but after a move
};

}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
