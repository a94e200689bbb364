#include "stock_program.h"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace baton::test {
namespace {

void use_certificate(SSL_CTX* context, const TestCertificate& certificate) {
  const BioHolder chain(BIO_new_mem_buf(certificate.chain_pem.data(), -1));
  const BioHolder key_text(BIO_new_mem_buf(certificate.key_pem.data(), -1));
  X509* leaf = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr);
  EXPECT_EQ(SSL_CTX_use_certificate(context, leaf), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context, key), 1);
  X509_free(leaf);
  EVP_PKEY_free(key);
}

KeyType key_of(const tls::CipherSuite& suite) {
  return suite.name.find("_RSA_") != std::string_view::npos ? KeyType::rsa2048 : KeyType::p256;
}

void expect_success(const char* call, int result) {
  ASSERT_GT(result, 0) << call << ": " << ERR_error_string(ERR_peek_error(), nullptr);
}

BIO* also_for_ssl(const BioHolder& bio) {
  BIO_up_ref(bio.get());
  return bio.get();
}

}  // namespace

ContextPtr make_context(Role role, const tls::CipherSuite& suite) {
  const bool server = role == Role::server;
  ContextPtr context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  const int version = static_cast<int>(suite.version);
  EXPECT_EQ(SSL_CTX_set_min_proto_version(context.get(), version), 1);
  EXPECT_EQ(SSL_CTX_set_max_proto_version(context.get(), version), 1);
  if (suite.version == ProtocolVersion::tls13) {
    EXPECT_EQ(SSL_CTX_set_ciphersuites(context.get(), std::string(suite.name).c_str()), 1);
  } else {
    EXPECT_EQ(SSL_CTX_set_cipher_list(context.get(), std::string(suite.libssl_name).c_str()), 1);
  }
  if (server) use_certificate(context.get(), certificate_for_name(key_of(suite)));
  ERR_clear_error();
  return context;
}

StockProgram::StockProgram(SSL_CTX* context, const PeerSetup& peer)
    : ssl_(SSL_new(context)),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())),
      sends_(peer.receiving_seed),
      receives_(peer.sending_seed) {
  BIO_set_mem_eof_return(in_.get(), -1);
  SSL_set_bio(ssl(), also_for_ssl(in_), also_for_ssl(out_));
  if (peer.role == Role::client) {
    SSL_set_accept_state(ssl());
  } else {
    SSL_set_connect_state(ssl());
    SSL_ctrl(ssl(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(kName));
  }
}

void StockProgram::receive(ByteView wire) {
  if (wire.empty()) return;
  ASSERT_EQ(BIO_write(in_.get(), wire.data(), static_cast<int>(wire.size())), static_cast<int>(wire.size()));
}

Bytes StockProgram::take_output(std::size_t most) {
  Bytes output(std::min(most, output_size()));
  if (!output.empty()) {
    EXPECT_EQ(BIO_read(out_.get(), output.data(), static_cast<int>(output.size())),
              static_cast<int>(output.size()));
  }
  return output;
}

bool StockProgram::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl());
  if (result == 1) return true;
  EXPECT_EQ(SSL_get_error(ssl(), result), SSL_ERROR_WANT_READ) << ERR_error_string(ERR_peek_error(), nullptr);
  return false;
}

std::size_t StockProgram::read(std::size_t most) {
  ERR_clear_error();
  std::array<std::uint8_t, tls::kMaxRecordPlaintext> buffer;
  const int count = SSL_read(ssl(), buffer.data(), static_cast<int>(std::min(most, buffer.size())));
  if (count > 0) {
    receives_.read(ByteView(buffer).first(static_cast<std::size_t>(count)));
    return static_cast<std::size_t>(count);
  }
  const int reason = SSL_get_error(ssl(), count);
  EXPECT_TRUE(reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_ZERO_RETURN)
      << ERR_error_string(ERR_peek_error(), nullptr);
  return 0;
}

void StockProgram::read_all() {
  // Without SSL_MODE_AUTO_RETRY, nothing read means little.
  while (read(SIZE_MAX) > 0 ||
         (input_size() > 0 && SSL_get_shutdown(ssl()) == 0 && !testing::Test::HasFailure())) {
  }
}

void StockProgram::write(std::size_t size) {
  const Bytes data = sends_.next(size);
  expect_success("SSL_write", SSL_write(ssl(), data.data(), static_cast<int>(size)));
}

void StockProgram::update_keys(tls::KeyUpdateRequest request) {
  const bool ask = request == tls::KeyUpdateRequest::update_requested;
  expect_success("SSL_key_update",
                 SSL_key_update(ssl(), ask ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED));
  expect_success("SSL_do_handshake", SSL_do_handshake(ssl()));
}

void StockProgram::send_ticket() {
  expect_success("SSL_new_session_ticket", SSL_new_session_ticket(ssl()));
  expect_success("SSL_do_handshake", SSL_do_handshake(ssl()));
}

void StockProgram::close_write() {
  EXPECT_GE(SSL_shutdown(ssl()), 0);
}

}  // namespace baton::test
