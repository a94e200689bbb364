#include "handshake/failure_reason.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

namespace baton::handshake {
namespace {

tls::Alert alert_for(int libssl_reason) {
  switch (libssl_reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return tls::Alert::protocol_version;
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_UNEXPECTED_RECORD:
      return tls::Alert::unexpected_message;
    default:
      return tls::Alert::handshake_failure;
  }
}

}  // namespace

LibsslReason take_libssl_reason(const SSL* ssl) {
  LibsslReason reason{"the handshake failed", tls::Alert::handshake_failure};
  // libssl's own last word says most; other libraries' entries come before it and are technical.
  bool from_libssl = false;
  while (const unsigned long entry = ERR_get_error()) {
    const char* text = ERR_reason_error_string(entry);
    const bool is_libssl = ERR_GET_LIB(entry) == ERR_LIB_SSL;
    if (text == nullptr || (from_libssl && !is_libssl)) continue;
    from_libssl = is_libssl;
    reason.text = text;
    if (is_libssl) reason.alert = alert_for(ERR_GET_REASON(entry));
  }
  if (const long verified = SSL_get_verify_result(ssl); verified != X509_V_OK) {
    reason.text += std::string(": ") + X509_verify_cert_error_string(verified);
  }
  return reason;
}

}  // namespace baton::handshake
