// Callbacks on an SSL_CTX that give each of its connections an Observer.
#pragma once

#include <openssl/ssl.h>

#include "baton/adopt.h"
#include "handshake/observer.h"

namespace baton::handshake {

// `options.clock` is set. See baton/adopt.h for both.
[[nodiscard]] Result<void> attach(SSL_CTX* context, AttachOptions options);
[[nodiscard]] Result<void> watch(SSL* ssl);

// Null: the SSL was never watched.
Observer* observer_of(const SSL* ssl);

}  // namespace baton::handshake
