// One link to the key store, and the handshakes on it, for the coroutines of one event loop.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <variant>

#include "net/signal.h"
#include "net/stream.h"
#include "offload/link_client.h"

namespace baton::proxy {

class KeyStoreLink;

struct LinkLost {
  std::string reason;
};
using HandshakeEvent = std::variant<offload::ServerBytes, offload::Handoff, offload::Failed, LinkLost>;

// A handshake that runs at the key store. Destroying one that has not ended cancels it there.
class RemoteHandshake {
 public:
  RemoteHandshake(std::shared_ptr<KeyStoreLink> link, offload::HandshakeId id);
  RemoteHandshake(const RemoteHandshake&) = delete;
  RemoteHandshake& operator=(const RemoteHandshake&) = delete;
  ~RemoteHandshake();

  // How many more bytes of the client may be sent now, and sending them.
  // When none may be, wait() returns once that changes.
  std::size_t window();
  Result<void> send(ByteView client_bytes);

  // The next event, when there is one; wait() returns when there may be.
  std::optional<HandshakeEvent> next_event();
  net::Task<> wait() { return signal_.wait(); }

  // Ends a handshake that was handed off.
  void report(const offload::Outcome& outcome);
  // Why the destructor will cancel, when it has to.
  void set_cancel_reason(offload::CancelReason reason) { cancel_reason_ = reason; }

 private:
  friend class KeyStoreLink;
  void deliver(HandshakeEvent event);

  std::shared_ptr<KeyStoreLink> link_;
  offload::HandshakeId id_;
  net::Signal signal_;
  std::deque<HandshakeEvent> events_;
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

  Result<std::unique_ptr<RemoteHandshake>> open(offload::OpenRequest request);

  // Whether it takes new handshakes.
  bool usable() const { return client_.ready() && !client_.going_away(); }
  bool ended() const { return done_; }
  const offload::Hello& peer() const { return client_.peer(); }

  // No new handshakes; the link closes once those that run have ended.
  void retire(std::string_view reason);

  // Called when the link becomes usable and when it stops being so.
  void set_on_change(std::function<void()> on_change) { on_change_ = std::move(on_change); }

 private:
  friend class RemoteHandshake;

  net::Task<Result<void>> receive();
  net::Task<Result<void>> send();
  net::Task<Result<void>> watch(std::chrono::milliseconds hello_timeout);
  void dispatch();
  void handle(offload::ClientEvent event);
  void log_first(const offload::Handoff& handoff);
  void deliver(offload::HandshakeId id, HandshakeEvent event);
  void lose_handshakes(const std::string& reason);
  void tell_of_window();
  void flush() { wake_.notify(); }
  void close_if_done();
  void changed();

  asio::any_io_executor executor_;
  std::unique_ptr<net::Stream> stream_;
  offload::LinkClient client_;
  net::Signal wake_;
  std::map<offload::HandshakeId, RemoteHandshake*> handshakes_;
  std::function<void()> on_change_;
  std::uint64_t last_pong_ = 0;
  bool had_handoff_ = false;
  bool done_ = false;
  std::string end_reason_;
};

}  // namespace baton::proxy
