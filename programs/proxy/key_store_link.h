// One link to the key store, and the handshakes on it, for the coroutines of one event loop.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <variant>

#include "net/later.h"
#include "net/signal.h"
#include "net/stream.h"
#include "offload/remote_handshake.h"

namespace baton::proxy {

class KeyStoreLink;

// A handshake that runs at the key store of one link.
class LinkHandshake final : public offload::RemoteHandshake {
 public:
  LinkHandshake(std::shared_ptr<KeyStoreLink> link, offload::HandshakeId id, std::function<void()> on_news);
  ~LinkHandshake() override;

  std::size_t window() override;
  Result<void> send(ByteView client_bytes) override;
  std::optional<offload::HandshakeEvent> next_event() override;
  void report(const offload::Outcome& outcome) override;
  void set_cancel_reason(offload::CancelReason reason) override { cancel_reason_ = reason; }

 private:
  friend class KeyStoreLink;
  void deliver(offload::HandshakeEvent event);

  std::shared_ptr<KeyStoreLink> link_;
  offload::HandshakeId id_;
  std::function<void()> on_news_;
  std::deque<offload::HandshakeEvent> events_;
  std::size_t queued_bytes_ = 0;  // of the server, in events_
  bool wants_window_ = false;
  offload::CancelReason cancel_reason_ = offload::CancelReason::client_gone;
  bool ended_ = false;  // by FAILED, by report(), or with the link
};

class KeyStoreLink : public std::enable_shared_from_this<KeyStoreLink> {
 public:
  KeyStoreLink(const asio::any_io_executor& executor, std::unique_ptr<net::Stream> stream);

  // Runs the link to its end; the result is why it ended. HELLO must come within `hello_timeout`.
  net::Task<Error> run(std::chrono::milliseconds hello_timeout);

  Result<std::unique_ptr<offload::RemoteHandshake>> open(offload::OpenRequest request,
                                                         std::function<void()> on_news);

  // Whether it takes new handshakes.
  bool usable() const { return client_.ready() && !client_.going_away() && !done_; }
  bool ended() const { return done_; }
  const offload::Hello& peer() const { return client_.peer(); }

  // No new handshakes; the link closes once those that run have ended.
  void retire(std::string_view reason);

  // Called when the link becomes usable and when it stops being so.
  void set_on_change(std::function<void()> on_change) { on_change_ = std::move(on_change); }
  // Called with the round trip of each ping.
  void set_on_pong(std::function<void(std::chrono::microseconds)> on_pong) { on_pong_ = std::move(on_pong); }

 private:
  friend class LinkHandshake;

  net::Task<Result<void>> receive();
  net::Task<Result<void>> send();
  net::Task<Result<void>> watch(std::chrono::milliseconds hello_timeout);
  net::Task<Result<void>> wait_for_hello(std::chrono::milliseconds hello_timeout);
  void dispatch();
  void handle(offload::ClientEvent event);
  void log_first(const offload::Handoff& handoff);
  void deliver(offload::HandshakeId id, offload::HandshakeEvent event);
  void lose_handshakes(const std::string& reason);
  void tell_of_window();
  void flush() { wake_.notify(); }
  void close_if_done();
  void changed();

  asio::any_io_executor executor_;
  std::unique_ptr<net::Stream> stream_;
  offload::LinkClient client_;
  net::Signal wake_;
  net::Signal greeted_;  // had_hello_ is true
  net::Later later_;     // flushes
  std::map<offload::HandshakeId, LinkHandshake*> handshakes_;
  std::function<void()> on_change_;
  std::function<void(std::chrono::microseconds)> on_pong_;
  std::chrono::steady_clock::time_point pinged_;
  std::uint64_t last_pong_ = 0;
  bool had_hello_ = false;
  bool had_handoff_ = false;
  bool done_ = false;
  std::string end_reason_;
};

}  // namespace baton::proxy
