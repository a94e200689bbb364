// A TLS handshake on stock libssl that ends in a Connection. Sans-I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "baton/bytes.h"
#include "baton/config.h"
#include "baton/connection.h"
#include "baton/error.h"
#include "baton/export.h"
#include "baton/signing.h"

namespace baton {

// What a step came to.
enum class HandshakeStep : std::uint8_t {
  need_bytes,  // give it what the peer sends next
  complete,    // call connection()
  failed,      // see failure(); output may hold an alert that is still to be sent
  // KeyPlace::elsewhere only: see needed_signature(), bring it with give_signature(), then advance({}).
  need_signature
};

// The loop: advance() with what the peer sent, send take_output(), until it is complete or failed. Belongs to
// one thread at a time. A private key of RSA or P-384 takes milliseconds to sign: give such handshakes a
// thread of their own. Needs 128 KiB of stack, of which it wipes half in the end (R6).
class BATON_EXPORT Handshake {
 public:
  // Starts a handshake as `config` says: the server's waits for bytes; the client's has a ClientHello in
  // take_output() after its first advance({}). Errors: invalid_argument, for Config::continuing(); crypto.
  static Result<Handshake> start(const Config& config);

  Handshake(Handshake&&) noexcept;
  Handshake& operator=(Handshake&&) noexcept;
  ~Handshake();

  // Takes bytes that the peer sent, in any cutting. What the peer sent behind its handshake, in the same
  // bytes or in later ones, is kept for the connection (R2): call connection() soon. After `failed` it only
  // repeats its answer.
  HandshakeStep advance(ByteView bytes);

  // What is to be signed, after `need_signature`; null otherwise. Until it is there, advance() only keeps the
  // bytes that it is given; the handshake stays on the thread that it is on, to its end.
  const SignatureNeeded* needed_signature() const;
  // The signature, as a key store gives it (RemoteSignature); or that there is none, and the handshake will
  // fail with internal_error. Does nothing where none is needed.
  void give_signature(Bytes signature);
  void refuse_signature(std::string_view why);

  // Bytes for the peer, in order; may be some after any step, also after `failed` and after `complete`.
  // Returned once. What was not taken when connection() is called stands in front of the connection's output.
  Bytes take_output();

  // Why it failed, after `failed`.
  const Failure& failure() const;
  // The server name of the ClientHello, as far as it is known; empty when there is none.
  const std::string& server_name() const;
  // Who the peer is, after `complete`: the DNS names and URIs in the subjectAltName of its verified
  // certificate. Empty when there was none, as after a resumption in which it showed none.
  const std::vector<std::string>& peer_names() const;

  // The connection, after `complete`; consumes the handshake. Errors: invalid_argument, before `complete`;
  // consumed; crypto.
  [[nodiscard]] Result<Connection> connection() &&;

 private:
  struct BATON_HIDDEN Inside;
  explicit Handshake(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace baton
