// GnuTLS over memory.
#pragma once

#include <gnutls/gnutls.h>

#include <memory>
#include <string>

#include "pipe.h"

namespace baton::bench {

class GnutlsEnd {
 public:
  // `priority` as GnuTLS takes it. Does not own the pipe.
  GnutlsEnd(const std::string& priority, Pipe& pipe, bool is_client);

  gnutls_session_t session() { return session_.get(); }
  Pipe& pipe() { return *pipe_; }
  // Goes on with the handshake. True when it is done.
  bool shake_hands();

 private:
  struct Free {
    void operator()(gnutls_session_t session) const { gnutls_deinit(session); }
  };
  std::unique_ptr<gnutls_session_int, Free> session_;
  Pipe* pipe_;
};

// The whole handshake.
void connect(GnutlsEnd& client, GnutlsEnd& server);

}  // namespace baton::bench
