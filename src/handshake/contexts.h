// SSL_CTX objects: what is the same for every connection.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "handshake/openssl_handles.h"

namespace baton::handshake {

// What servers and clients share: security level, no session cache, nothing inherited from openssl.cnf.
void set_common_options(SSL_CTX* context);

// A context with no tenant, no ticket keys of its own and no callbacks. It accepts all suites that Baton
// carries.
Result<SslContextPtr> make_server_context();

// Sets groups by OpenSSL's names; empty: Baton's default.
Result<void> set_groups(SSL_CTX* context, const std::vector<std::string>& groups);

}  // namespace baton::handshake
