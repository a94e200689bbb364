// libssl's macros that cast in C style what the caller gives them.
#pragma once

#include <openssl/ssl.h>

namespace baton::handshake {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"

inline bool set_sni(SSL* ssl, const char* host_name) {
  return SSL_set_tlsext_host_name(ssl, host_name) == 1;
}

inline void set_server_name_callback(SSL_CTX* context, int (*callback)(SSL*, int*, void*)) {
  SSL_CTX_set_tlsext_servername_callback(context, callback);
}

#pragma GCC diagnostic pop

}  // namespace baton::handshake
