#include "libssl_end.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "certificate.h"
#include "require.h"

namespace baton::bench {
namespace {

Pipe& pipe_of(BIO* bio) {
  return *static_cast<Pipe*>(BIO_get_data(bio));
}

int write_to_pipe(BIO* bio, const char* data, int size) {
  pipe_of(bio).write({reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)});
  return size;
}

int read_from_pipe(BIO* bio, char* data, int size) {
  BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  const auto count =
      pipe_of(bio).read({reinterpret_cast<std::uint8_t*>(data), static_cast<std::size_t>(size)});
  if (count) return static_cast<int>(*count);
  BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
  return -1;
}

long control_pipe(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* pipe_method() {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pipe");
    BIO_meth_set_write(method, write_to_pipe);
    BIO_meth_set_read(method, read_from_pipe);
    BIO_meth_set_ctrl(method, control_pipe);
    return method;
  }();
  return kMethod;
}

SslContext make_context(const SSL_METHOD* method, const std::string& suite) {
  SslContext context(SSL_CTX_new(method), SSL_CTX_free);
  require(SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) == 1, "libssl has no TLS 1.3");
  if (!suite.empty()) {
    require(SSL_CTX_set_ciphersuites(context.get(), suite.c_str()) == 1, "libssl does not know the suite");
  }
  return context;
}

BIO* text_bio(const std::string& text) {
  return BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
}

}  // namespace

SslContext make_libssl_server(const std::string& suite) {
  SslContext context = make_context(TLS_server_method(), suite);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  BIO* chain = text_bio(server_certificate().chain_pem);
  BIO* key_text = text_bio(server_certificate().key_pem);
  X509* leaf = PEM_read_bio_X509(chain, nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
  require(
      SSL_CTX_use_certificate(context.get(), leaf) == 1 && SSL_CTX_use_PrivateKey(context.get(), key) == 1,
      "libssl refuses the certificate");
  EVP_PKEY_free(key);
  X509_free(leaf);
  BIO_free(key_text);
  BIO_free(chain);
  return context;
}

SslContext make_libssl_client(const std::string& suite) {
  SslContext context = make_context(TLS_client_method(), suite);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  return context;
}

void LibsslEnd::Free::operator()(SSL* ssl) const {
  // Without a close, libssl would mark the session as one that may not be resumed.
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl);
}

LibsslEnd::LibsslEnd(SSL_CTX* context, Pipe& pipe, bool is_client) : ssl_(SSL_new(context)), pipe_(&pipe) {
  BIO* bio = BIO_new(pipe_method());
  BIO_set_data(bio, pipe_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (is_client) {
    SSL_set_connect_state(ssl_.get());
    SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(kName));
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

bool LibsslEnd::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  require(result == 1 || SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ,
          "libssl's handshake failed");
  return result == 1;
}

void connect(LibsslEnd& client, LibsslEnd& server) {
  bool done = false;
  while (!done) {
    const bool client_done = client.shake_hands();
    server.pipe().set_input(client.pipe().take_output());
    done = server.shake_hands() && client_done;
    client.pipe().set_input(server.pipe().take_output());
  }
  std::uint8_t none = 0;  // takes the tickets
  require(SSL_read(client.ssl(), &none, 1) <= 0, "data out of nowhere");
}

}  // namespace baton::bench
