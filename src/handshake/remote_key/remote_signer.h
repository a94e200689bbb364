// Who signs for a private key that is elsewhere. The OpenSSL provider of this room stands on it, and does not
// know how the signature travels.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "baton/signing.h"

namespace baton::remote_key {

class RemoteSigner {
 public:
  RemoteSigner() = default;
  RemoteSigner(const RemoteSigner&) = delete;
  RemoteSigner& operator=(const RemoteSigner&) = delete;
  virtual ~RemoteSigner() = default;

  // Signs the whole `input`, whose kind was found by signing_kind_of(); the provider refuses anything else by
  // itself. Called inside of libssl, on the thread that runs the handshake, and returns when the answer is
  // there: one implementation waits for it, another suspends the stack that it was called on. Any thread, and
  // several at a time. Errors become an entry of OpenSSL's error queue, with the message.
  [[nodiscard]] virtual Result<Bytes> sign(const KeyDigest& key, SigningKind kind, std::uint16_t scheme,
                                           ByteView input) = 0;
};

}  // namespace baton::remote_key
