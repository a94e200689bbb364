// What stands in the way of an adoption.
#pragma once

#include <openssl/ssl.h>

#include <optional>

#include "base/error.h"
#include "handshake/observer.h"

namespace baton::handshake {

// The SSL's own; nullptr when libssl chose one that Baton does not carry, or none yet.
const tls::CipherSuite* suite_of(const SSL* ssl);

// The first obstacle; absent when there is none. `observer` may be null.
std::optional<Error> adoption_obstacle(const SSL* ssl, const Observer* observer);

}  // namespace baton::handshake
