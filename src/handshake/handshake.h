// A TLS handshake on stock libssl that ends in a ConnectionState.
//
// Sans-I/O: the caller brings the peer's bytes and carries ours away. A handshake belongs to one thread at a
// time, but may move between threads from step to step, so a slow signature can run on a worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "baton/signing.h"
#include "tls/alert.h"
#include "tls/connection_state.h"

namespace baton::handshake {

// What a step came to.
enum class Progress {
  need_bytes,  // give it what the peer sends next
  pending,     // an answer from elsewhere is awaited: see Handshake::pending_reason(), then advance() again
  complete,    // take the state with take_state()
  failed,      // see Handshake::failure(); output() may hold an alert that is still to be sent
};

// Why a step is pending.
enum class PendingReason {
  none,
  slow_signature,   // the next step signs with a key that is slow: run it on a worker, after
                    // allow_slow_signature()
  tenant,           // the TenantSelector asked to be called again
  remote_signature  // the key is elsewhere: see needed_signature(), then give_signature()
};

// What is known about a handshake, as far as it went; for logs, metrics and authorization.
struct Summary {
  std::string server_name;  // from the ClientHello; empty when the client sent none
  std::string alpn;         // chosen
  std::string version;      // "TLSv1.3", empty before it is negotiated
  std::string suite;        // IANA name
  std::string group;        // for example "X25519"
  std::string signature;    // the certificate key's kind, for example "ecdsa_secp256r1"
  bool resumed = false;
  bool early = false;                   // it was completed before the client's Finished: see HandoffPoint
  std::vector<std::string> peer_names;  // verified: DNS names and URIs of the peer certificate's
                                        // subjectAltName; empty when no certificate was verified
};

class Handshake {
 public:
  virtual ~Handshake() = default;

  // Takes bytes that the peer sent, in any cutting; an empty view only repeats a pending step. All of `bytes`
  // is either used or kept inside; after `complete`, consumed() says where the handshake ended in the peer's
  // stream. After `complete` or `failed` it must not be called again.
  virtual Progress advance(ByteView bytes) = 0;

  // Wire bytes for the peer, in order. May be non-empty after any step, also after `failed` (the alert).
  // Returned by value and forgotten here.
  virtual Bytes take_output() = 0;

  // How many bytes of the peer's stream belong to the handshake. libssl is given whole records, one at a
  // time, so everything behind this offset is untouched and belongs to the connection (R2).
  virtual std::uint64_t consumed() const = 0;

  virtual PendingReason pending_reason() const = 0;
  // Lets the step that is pending for `slow_signature` sign; the caller now runs advance({}) on a worker
  // thread. The permission is for one ClientHello: after a HelloRetryRequest the second one asks again.
  virtual void allow_slow_signature() = 0;

  // What is pending for `remote_signature`; null: nothing. Until it is given, advance() only keeps what it is
  // given. From the first such step on the handshake stays on its thread.
  virtual const SignatureNeeded* needed_signature() const { return nullptr; }
  // The error: there is none, and the next step fails with internal_error.
  virtual void give_signature(Result<Bytes> /*signature*/) {}

  // The connection, once, after `complete`. libssl's own copy was destroyed when the handshake completed.
  // Sequence numbers stand behind everything that take_output() has returned or will return (tickets
  // included). The state holds no in-flight bytes: what follows consumed() is with the caller. After an early
  // completion it awaits the client's Finished, and the tickets are inside, deferred.
  virtual Result<tls::ConnectionState> take_state() = 0;

  // The reason, after `failed`.
  virtual const tls::Failure& failure() const = 0;

  virtual const Summary& summary() const = 0;
};

}  // namespace baton::handshake
