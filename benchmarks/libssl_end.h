// Stock libssl over memory.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "pipe.h"

namespace baton::bench {

using SslContext = std::shared_ptr<SSL_CTX>;

// TLS 1.3 only; `suite` is an IANA name, empty: libssl's default list.
SslContext make_libssl_server(const std::string& suite);
// It takes any certificate: its work is not measured.
SslContext make_libssl_client(const std::string& suite);

class LibsslEnd {
 public:
  // Does not own the pipe.
  LibsslEnd(SSL_CTX* context, Pipe& pipe, bool is_client);

  SSL* ssl() { return ssl_.get(); }
  Pipe& pipe() { return *pipe_; }
  // Goes on with the handshake. True when it is done.
  bool shake_hands();

 private:
  struct Free {
    void operator()(SSL* ssl) const;
  };
  std::unique_ptr<SSL, Free> ssl_;
  Pipe* pipe_;
};

// The whole handshake.
void connect(LibsslEnd& client, LibsslEnd& server);

}  // namespace baton::bench
