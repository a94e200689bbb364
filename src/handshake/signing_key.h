// A certificate's private key, for signatures of handshakes that are done elsewhere.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "baton/signing.h"
#include "handshake/key_kind.h"
#include "handshake/server.h"

namespace baton::handshake {

// Immutable; any thread.
class SigningKey {
 public:
  virtual ~SigningKey() = default;

  virtual KeyKind kind() const = 0;
  virtual const KeyDigest& digest() const = 0;
  // The DNS names of its certificate: a signature speaks for all of them.
  virtual const std::vector<std::string>& names() const = 0;
  // Signs the input, which it hashes itself. The caller has checked what it is. Errors: invalid_argument (a
  // scheme that does not fit the key), crypto.
  [[nodiscard]] virtual Result<Bytes> sign(std::uint16_t scheme, ByteView input) const = 0;
};

// The keys of a tenant, in the order of its credentials; those that are elsewhere themselves left out.
[[nodiscard]] Result<std::vector<std::shared_ptr<const SigningKey>>> signing_keys(const Tenant& tenant);

}  // namespace baton::handshake
