#include "gnutls_end.h"

#include <cerrno>

#include "certificate.h"
#include "require.h"

namespace baton::bench {
namespace {

gnutls_datum_t datum(const std::string& text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          static_cast<unsigned>(text.size())};
}

gnutls_certificate_credentials_t server_credentials() {
  static const gnutls_certificate_credentials_t kCredentials = [] {
    gnutls_certificate_credentials_t made = nullptr;
    require(gnutls_certificate_allocate_credentials(&made) == 0, "GnuTLS has no memory");
    const gnutls_datum_t chain = datum(server_certificate().chain_pem);
    const gnutls_datum_t key = datum(server_certificate().key_pem);
    require(gnutls_certificate_set_x509_key_mem(made, &chain, &key, GNUTLS_X509_FMT_PEM) >= 0,
            "GnuTLS refuses the certificate");
    return made;
  }();
  return kCredentials;
}

gnutls_certificate_credentials_t client_credentials() {
  static const gnutls_certificate_credentials_t kCredentials = [] {
    gnutls_certificate_credentials_t made = nullptr;
    require(gnutls_certificate_allocate_credentials(&made) == 0, "GnuTLS has no memory");
    return made;
  }();
  return kCredentials;
}

ssize_t push(gnutls_transport_ptr_t end, const void* data, std::size_t size) {
  static_cast<GnutlsEnd*>(end)->pipe().write({static_cast<const std::uint8_t*>(data), size});
  return static_cast<ssize_t>(size);
}

ssize_t pull(gnutls_transport_ptr_t pointer, void* data, std::size_t size) {
  auto& end = *static_cast<GnutlsEnd*>(pointer);
  const auto count = end.pipe().read({static_cast<std::uint8_t*>(data), size});
  if (count) return static_cast<ssize_t>(*count);
  gnutls_transport_set_errno(end.session(), EAGAIN);
  return -1;
}

}  // namespace

GnutlsEnd::GnutlsEnd(const std::string& priority, Pipe& pipe, bool is_client) : pipe_(&pipe) {
  gnutls_session_t made = nullptr;
  const unsigned role = is_client ? GNUTLS_CLIENT : GNUTLS_SERVER;
  require(gnutls_init(&made, role | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) == 0, "GnuTLS does not start");
  session_.reset(made);
  require(gnutls_priority_set_direct(made, priority.c_str(), nullptr) == 0, "GnuTLS refuses the priorities");
  gnutls_credentials_set(made, GNUTLS_CRD_CERTIFICATE,
                         is_client ? client_credentials() : server_credentials());
  gnutls_transport_set_ptr(made, this);
  gnutls_transport_set_push_function(made, push);
  gnutls_transport_set_pull_function(made, pull);
  gnutls_transport_set_pull_timeout_function(made, [](gnutls_transport_ptr_t, unsigned) { return 1; });
}

bool GnutlsEnd::shake_hands() {
  const int result = gnutls_handshake(session_.get());
  require(result == 0 || gnutls_error_is_fatal(result) == 0, "GnuTLS's handshake failed");
  return result == 0;
}

void connect(GnutlsEnd& client, GnutlsEnd& server) {
  bool client_done = false;
  bool server_done = false;
  while (!client_done || !server_done) {
    if (!client_done) client_done = client.shake_hands();
    server.pipe().set_input(client.pipe().take_output());
    if (!server_done) server_done = server.shake_hands();
    client.pipe().set_input(server.pipe().take_output());
  }
}

}  // namespace baton::bench
