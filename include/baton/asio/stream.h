// A TLS connection of Baton as an Asio stream: like asio::ssl::stream, and besides it can be handed on.
//
//   tcp::socket socket = …;
//   baton::asio::stream<tcp::socket> stream(std::move(socket), config);
//   co_await stream.async_handshake(asio::use_awaitable);
//   co_await asio::async_read_until(stream, …);
//   …
//   Result<Connection> connection = stream.release();   // and continue it in another process
//
// Meets AsyncReadStream, AsyncWriteStream, SyncReadStream and SyncWriteStream when the next layer does.
// Standalone Asio or Boost.Asio: see asio_namespace.h. Errors: error.h.
//
// One read and one write may be in flight at a time; handshake, flush and shutdown count as a write, and the
// handshake as a read too. A second one is refused with in_progress. Not for several threads at once: use a
// strand, as with every stream of Asio. Handlers are called as Asio says: with their executor and allocator,
// and never inside of the call that starts the operation. Buffers stay the caller's until then.
#pragma once

#include <memory>
#include <utility>

#include "baton/asio/detail/handshake_op.h"
#include "baton/asio/detail/offload_op.h"
#include "baton/asio/detail/read_op.h"
#include "baton/asio/detail/sync_stream.h"
#include "baton/asio/detail/write_op.h"
#include "baton/serialize.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {

template <class NextLayer>
class key_store_link;  // key_store_link.h

// `NextLayer`: an AsyncStream, or a reference to one that outlives this: what TLS runs on.
template <class NextLayer>
class stream {
  using core = detail::stream_core<NextLayer>;

 public:
  // What Asio expects of a layer.
  using next_layer_type = std::remove_reference_t<NextLayer>;
  using lowest_layer_type =
      std::remove_reference_t<decltype(detail::lowest_of(std::declval<next_layer_type&>()))>;
  using executor_type = typename next_layer_type::executor_type;

  // For a handshake as `config` says. `argument` makes the next layer, by its constructor.
  template <class Argument>
  stream(Argument&& argument, Config config)
      : core_(std::make_shared<core>(std::forward<Argument>(argument))) {
    core_->config.emplace(std::move(config));
  }

  // Continues a connection whose bytes the next layer carries. What it brings along unsent goes out in front
  // of the first write, or with async_flush().
  template <class Argument>
  stream(Argument&& argument, Connection connection)
      : core_(std::make_shared<core>(std::forward<Argument>(argument))) {
    if (connection.alive()) core_->connection.emplace(std::move(connection));
  }

  stream(stream&&) noexcept = default;
  stream& operator=(stream&& other) noexcept {
    if (this == &other) return *this;
    const stream old(std::move(*this));
    core_ = std::move(other.core_);
    return *this;
  }
  // Sends nothing. What is in flight ends with operation_aborted.
  ~stream() {
    if (core_) core_->next.destroy();
  }

  // The next layer's executor, the next layer, and the lowest one below it: the socket.
  executor_type get_executor() noexcept { return next_layer().get_executor(); }
  next_layer_type& next_layer() { return *core_->next; }
  const next_layer_type& next_layer() const { return *core_->next; }
  lowest_layer_type& lowest_layer() { return detail::lowest_of(next_layer()); }
  const lowest_layer_type& lowest_layer() const { return detail::lowest_of(next_layer()); }

  // For what is known of the connection: names, suite, certificates, output. Null before the handshake's end
  // and when the connection was taken. Valid until then.
  const Connection* connection() const { return core_->connection ? &*core_->connection : nullptr; }
  // Why TLS has failed, in more words than an error code has; absent when it has not.
  const std::optional<Failure>& failure() const { return core_->failure(); }

  // --- handshake ---

  // void(error_code). In the role and with the settings of the configuration. What the peer sent behind its
  // handshake is kept for the reader. A private key of RSA or P-384 signs for milliseconds on this thread.
  template <class Token = net::default_completion_token_t<executor_type>>
  auto async_handshake(Token&& token = {}) {
    return net::async_compose<Token, void(error_code)>(detail::handshake_op<NextLayer>(core_), token,
                                                       next_layer());
  }
  void handshake(error_code& ec) { detail::handshake_now(*core_, ec); }
  void handshake() {
    error_code ec;
    handshake(ec);
    throw_if(ec);
  }

  // void(error_code). The same at a key store, which has the certificates: the stream's configuration is
  // Config::continuing(Role::server), and `request` is for the key store's logs and limits; its on_news is
  // replaced. Errors also: baton_errors() `refused`, when the link is not ready, is going away or has ended,
  // and `limit_exceeded`, when it is full; error::key_store_failed. The link and the streams that use it
  // belong to one thread or strand. Nothing else may be in flight on the next layer's lowest layer.
  // Name the request: g++ 12 destroys a temporary one in a co_await twice.
  template <class LinkLayer, class Token>
  auto async_handshake(key_store_link<LinkLayer>& link, OffloadRequest request, Token&& token) {
    return net::async_compose<Token, void(error_code)>(
        detail::offload_op<NextLayer>(core_, link.runner(), std::move(request)), token, next_layer());
  }
  // Telling the key store nothing of the client.
  template <class LinkLayer, class Token = net::default_completion_token_t<executor_type>>
  auto async_handshake(key_store_link<LinkLayer>& link, Token&& token = {}) {
    return net::async_compose<Token, void(error_code)>(
        detail::offload_op<NextLayer>(core_, link.runner(), OffloadRequest{}), token, next_layer());
  }

  // --- reading: void(error_code, std::size_t) ---

  // At least one byte, and what fits of the records that have come. Writes nothing, but an alert when TLS
  // fails: the answer to a KeyUpdate goes out with the next write, so that reading never waits for the peer
  // to read. A read that is cancelled loses nothing.
  template <class MutableBuffers, class Token = net::default_completion_token_t<executor_type>>
  auto async_read_some(const MutableBuffers& buffers, Token&& token = {}) {
    return net::async_compose<Token, void(error_code, std::size_t)>(
        detail::read_op<NextLayer, MutableBuffers>(core_, buffers), token, next_layer());
  }
  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers, error_code& ec) {
    return detail::read_now(*core_, buffers, ec);
  }
  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers) {
    error_code ec;
    const std::size_t count = read_some(buffers, ec);
    throw_if(ec);
    return count;
  }

  // --- writing: void(error_code, std::size_t) ---

  // Seals up to 64 KiB, small buffers gathered into full records, and completes when the next layer has taken
  // it all. With an error, a count that is not 0 tells what was sealed already: the peer gets it with the
  // next write, or the one who continues the connection sends it. Do not write it again.
  template <class ConstBuffers, class Token = net::default_completion_token_t<executor_type>>
  auto async_write_some(const ConstBuffers& buffers, Token&& token = {}) {
    return write<Token, void(error_code, std::size_t)>(detail::seal_these<ConstBuffers>{buffers}, token);
  }
  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers, error_code& ec) {
    return detail::write_now(*core_, detail::seal_these<ConstBuffers>{buffers}, ec);
  }
  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers) {
    error_code ec;
    const std::size_t count = write_some(buffers, ec);
    throw_if(ec);
    return count;
  }

  // void(error_code). Sends what the connection has still to say without new data: what an adopted one
  // brought along, the rest of a write that was cancelled, answers to KeyUpdates.
  template <class Token = net::default_completion_token_t<executor_type>>
  auto async_flush(Token&& token = {}) {
    return write<Token, void(error_code)>(detail::seal_nothing{}, token);
  }
  void flush(error_code& ec) { detail::write_now(*core_, detail::seal_nothing{}, ec); }
  void flush() {
    error_code ec;
    flush(ec);
    throw_if(ec);
  }

  // void(error_code). Sends close_notify. It does not wait for the peer's: read until `eof` for that. The
  // next layer stays open.
  template <class Token = net::default_completion_token_t<executor_type>>
  auto async_shutdown(Token&& token = {}) {
    return write<Token, void(error_code)>(detail::seal_close_notify{}, token);
  }
  void shutdown(error_code& ec) { detail::write_now(*core_, detail::seal_close_notify{}, ec); }
  void shutdown() {
    error_code ec;
    shutdown(ec);
    throw_if(ec);
  }

  // --- handing on ---

  // Takes the connection, and with it all that was received and not read, and all that was sealed and not
  // sent (R2). The stream can neither read nor write afterwards (R1); its next layer is the caller's to hand
  // on. Errors: refused, while an operation is in flight: cancel it, and wait for its handler; consumed, when
  // there is no connection.
  [[nodiscard]] Result<Connection> release() {
    if (auto obstacle = obstacle_to_release()) return tl::unexpected(std::move(*obstacle));
    Connection taken = std::move(*core_->connection);
    core_->connection.reset();
    return taken;
  }
  // The same and serialize(), whose errors they have too. After an error the connection is still here, but
  // after `crypto`.
  [[nodiscard]] Result<Bytes> serialize(const Seal& seal) {
    return give_away<Bytes>([&](Connection&& taken) { return baton::serialize(std::move(taken), seal); });
  }
  [[nodiscard]] Result<SecretBuffer> serialize_unprotected() {
    return give_away<SecretBuffer>(
        [](Connection&& taken) { return baton::serialize_unprotected(std::move(taken)); });
  }

 private:
  template <class Token, class Signature, class Source>
  auto write(Source source, std::remove_reference_t<Token>& token) {
    return net::async_compose<Token, Signature>(detail::write_op<NextLayer, Source>(core_, std::move(source)),
                                                token, next_layer());
  }

  static void throw_if(const error_code& ec) {
    if (ec) throw system_error(ec);
  }

  std::optional<Error> obstacle_to_release() const {
    if (!core_->idle()) return Error{ErrorCode::refused, "an operation of the stream is in flight"};
    if (!core_->connection) return Error{ErrorCode::consumed, "the stream has no connection"};
    return std::nullopt;
  }

  template <class Form, class Serialize>
  Result<Form> give_away(Serialize serialize_it) {
    if (auto obstacle = obstacle_to_release()) return tl::unexpected(std::move(*obstacle));
    Result<Form> form = serialize_it(std::move(*core_->connection));
    if (!core_->connection->alive()) core_->connection.reset();
    return form;
  }

  std::shared_ptr<core> core_;  // never null but after a move
};

}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
