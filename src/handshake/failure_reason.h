// libssl's failures in words and alerts.
#pragma once

#include <openssl/ssl.h>

#include <string>

#include "tls/alert.h"

namespace baton::handshake {

struct LibsslReason {
  std::string text;  // for example "no shared cipher"; with what failed in a certificate chain, if that is it
  tls::Alert alert;  // that fits where libssl sends none
};

// Empties this thread's error queue into a reason.
LibsslReason take_libssl_reason(const SSL* ssl);

}  // namespace baton::handshake
