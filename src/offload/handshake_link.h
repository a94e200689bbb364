// One link to a key store, and the handshakes on it: what the link tells reaches the handshake that it is
// about.
//
// Sans-I/O; for one thread. Whoever derives from it owns the stream.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "offload/remote_handshake.h"

namespace baton::offload {

class HandshakeLink;

// A handshake that runs at the key store of one link.
class LinkHandshake final : public RemoteHandshake {
 public:
  LinkHandshake(std::shared_ptr<HandshakeLink> link, HandshakeId id, std::function<void()> on_news);
  ~LinkHandshake() override;

  std::size_t window() override;
  Result<void> send(ByteView client_bytes) override;
  std::optional<HandshakeEvent> next_event() override;
  void report(const Outcome& outcome) override;
  void set_cancel_reason(CancelReason reason) override { cancel_reason_ = reason; }
  void overdue() override;

 private:
  friend class HandshakeLink;
  void deliver(HandshakeEvent event);

  std::shared_ptr<HandshakeLink> link_;
  HandshakeId id_;
  std::function<void()> on_news_;
  std::uint64_t received_before_;  // on the link, when it was asked or last found overdue
  std::deque<HandshakeEvent> events_;
  std::size_t queued_bytes_ = 0;  // of the server, in events_
  bool wants_window_ = false;
  CancelReason cancel_reason_ = CancelReason::client_gone;
  bool ended_ = false;  // by FAILED, by report(), or with the link
};

// A signature that was asked for at the key store of one link. The answer, or LinkLost, comes once.
// Destroying one that waits cancels it.
class LinkSignature final : public AwaitedSignature {
 public:
  LinkSignature(std::shared_ptr<HandshakeLink> link, HandshakeId id, std::function<void()> on_news);
  ~LinkSignature() override;

  const std::optional<SignatureAnswer>& answer() const override { return answer_; }
  void set_cancel_reason(CancelReason reason) override { cancel_reason_ = reason; }
  void overdue() override;

 private:
  friend class HandshakeLink;
  void deliver(SignatureAnswer answer);

  std::shared_ptr<HandshakeLink> link_;
  HandshakeId id_;
  std::function<void()> on_news_;
  std::uint64_t received_before_;  // on the link, when it was asked or last found overdue
  std::optional<SignatureAnswer> answer_;
  CancelReason cancel_reason_ = CancelReason::client_gone;
};

// Held by a shared_ptr, which each handshake and each signature shares.
class HandshakeLink : public std::enable_shared_from_this<HandshakeLink> {
 public:
  HandshakeLink(const HandshakeLink&) = delete;
  HandshakeLink& operator=(const HandshakeLink&) = delete;
  virtual ~HandshakeLink() = default;

  // See KeyStoreSet::open(). Errors: those of LinkClient::open().
  Result<std::unique_ptr<RemoteHandshake>> open(OpenRequest request, std::function<void()> on_news);

  // See SigningKeyStoreSet::sign(). Errors: those of LinkClient::sign().
  Result<std::unique_ptr<AwaitedSignature>> sign(Sign request, std::function<void()> on_news);

  const Hello& peer() const { return client_.peer(); }

 protected:
  HandshakeLink(const LinkLimits& limits, const HelloInfo& info) : client_(limits, info) {}

  // As LinkCore::receive(); the handshakes have their events afterwards, on_news() was called with the
  // others.
  Result<void> receive(ByteView bytes);
  void output_sent(std::size_t count);
  // The stream is gone.
  void lose_handshakes(const std::string& reason);

  // There is output to send.
  virtual void on_output() {}
  // The same for an OUTCOME, which nobody waits for.
  virtual void on_outcome() { on_output(); }
  // The link has one handshake or signature less.
  virtual void on_handshake_ended() {}
  virtual void on_handoff(const Handoff& /*handoff*/) {}
  // An answer is overdue, and nothing whatever has come since it was asked for, or was last overdue.
  virtual void on_overdue() {}
  virtual void on_news(LinkNews news) = 0;

  LinkClient& client() { return client_; }
  const LinkClient& client() const { return client_; }

 private:
  friend class LinkHandshake;
  friend class LinkSignature;
  void dispatch(ClientEvent event);
  void deliver(HandshakeId id, HandshakeEvent event);
  void answer(HandshakeId id, SignatureAnswer answer);
  void tell_of_window();
  void cancel(HandshakeId id, CancelReason reason);
  void note_overdue(std::uint64_t& received_before);

  LinkClient client_;
  std::uint64_t received_ = 0;  // bytes
  std::map<HandshakeId, LinkHandshake*> handshakes_;
  std::map<HandshakeId, LinkSignature*> signatures_;  // those that wait
};

}  // namespace baton::offload
