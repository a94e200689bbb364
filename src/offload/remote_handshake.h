// One client's handshake at one key store, as the application server sees it: what a program puts over its
// links.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "offload/link_client.h"

namespace baton::offload {

// The link ended before the handshake did, or was given up.
struct LinkLost {
  std::string reason;
};
using HandshakeEvent = std::variant<ServerBytes, Handoff, Failed, LinkLost>;

// Destroying one that has not ended cancels it at the key store.
class RemoteHandshake {
 public:
  RemoteHandshake() = default;
  RemoteHandshake(const RemoteHandshake&) = delete;
  RemoteHandshake& operator=(const RemoteHandshake&) = delete;
  virtual ~RemoteHandshake() = default;

  // How many more bytes of the client may be sent now, and sending them: see LinkClient.
  virtual std::size_t window() = 0;
  [[nodiscard]] virtual Result<void> send(ByteView client_bytes) = 0;

  // The oldest event not yet taken. After Failed and LinkLost there is none.
  virtual std::optional<HandshakeEvent> next_event() = 0;

  // Ends a handshake that was handed off.
  virtual void report(const Outcome& outcome) = 0;
  // Why the destructor will cancel, when it has to.
  virtual void set_cancel_reason(CancelReason reason) = 0;
  // Its answer has been owed for longer than a key store may take: the link may find out whether that is
  // there.
  virtual void overdue() = 0;
};

using SignatureAnswer = std::variant<Signature, SignRefused, LinkLost>;

// A signature that was asked for at one key store. Destroying one that waits cancels it there.
class AwaitedSignature {
 public:
  AwaitedSignature() = default;
  AwaitedSignature(const AwaitedSignature&) = delete;
  AwaitedSignature& operator=(const AwaitedSignature&) = delete;
  virtual ~AwaitedSignature() = default;

  virtual const std::optional<SignatureAnswer>& answer() const = 0;
  virtual void set_cancel_reason(CancelReason reason) = 0;
  // As of RemoteHandshake.
  virtual void overdue() = 0;
};

// Key stores, by their number in the configuration.
using KeyStoreIndex = std::size_t;

// The links of one event loop to all its key stores.
class KeyStoreSet {
 public:
  virtual ~KeyStoreSet() = default;

  // Opens a handshake. `on_news` is called when an event is there, or when a closed window has opened; not
  // after the handshake's end of life. Errors: those of LinkClient::open().
  [[nodiscard]] virtual Result<std::unique_ptr<RemoteHandshake>> open(KeyStoreIndex store,
                                                                      OpenRequest request,
                                                                      std::function<void()> on_news) = 0;
};

// The same for signatures.
class SigningKeyStoreSet {
 public:
  virtual ~SigningKeyStoreSet() = default;

  // Asks for a signature. `on_news` is called once, when its answer is there. Errors: those of
  // LinkClient::sign().
  [[nodiscard]] virtual Result<std::unique_ptr<AwaitedSignature>> sign(KeyStoreIndex store, Sign request,
                                                                       std::function<void()> on_news) = 0;
  // Why none of them can be asked, where each could not be reached when that was last tried or does not
  // answer now; otherwise nullopt.
  virtual std::optional<std::string> away() const = 0;
};

}  // namespace baton::offload
