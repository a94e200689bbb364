// Signatures for keys that are elsewhere, in a handshake that runs on a fiber: it is suspended until whoever
// drives it has brought the signature.
#pragma once

#include <memory>
#include <optional>

#include "base/error.h"
#include "baton/signing.h"
#include "handshake/remote_key/remote_signer.h"

namespace baton::handshake {

// Between a handshake and the key that it signs with.
struct SignatureExchange {
  std::optional<SignatureNeeded> needed;  // while the handshake is suspended
  std::optional<Result<Bytes>> answer;    // to be set before it goes on
  bool abandoned = false;                 // no signature will come: fail instead of asking
};

// The signer of all keys that are elsewhere. It signs only inside of a SigningScope.
std::shared_ptr<remote_key::RemoteSigner> suspending_signer();

// While one exists, signatures on this thread are asked for by `exchange`.
class SigningScope {
 public:
  explicit SigningScope(SignatureExchange& exchange);
  SigningScope(const SigningScope&) = delete;
  SigningScope& operator=(const SigningScope&) = delete;
  ~SigningScope();

 private:
  SignatureExchange* outer_;
};

}  // namespace baton::handshake
