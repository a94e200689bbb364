/* A server of stock OpenSSL, whose connection goes on with Baton. */
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "check.h"
#include "ends.h"
#include "tests.h"
#include "world.h"

static SSL_CTX* new_context(void) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  BIO* chain = BIO_new_mem_buf(world_chain(), -1);
  BIO* key = BIO_new_mem_buf(world_key(), -1);
  X509* leaf = PEM_read_bio_X509(chain, NULL, NULL, NULL);
  EVP_PKEY* private_key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
  CHECK(SSL_CTX_use_certificate(context, leaf) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context, private_key) == 1);
  X509_free(leaf);
  EVP_PKEY_free(private_key);
  BIO_free(chain);
  BIO_free(key);
  return context;
}

static SSL* new_ssl(SSL_CTX* context) {
  SSL* ssl = SSL_new(context);
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_accept_state(ssl);
  return ssl;
}

static void give_ssl(SSL* ssl, const uint8_t* bytes, size_t size) {
  if (size != 0) CHECK(BIO_write(SSL_get_rbio(ssl), bytes, (int)size) == (int)size);
}

static int take_from_ssl(SSL* ssl, uint8_t* into, int capacity) {
  const int count = BIO_read(SSL_get_wbio(ssl), into, capacity);
  return count > 0 ? count : 0;
}

static baton_connection* connect_to(SSL* ssl, int version) {
  baton_config* config = new_client_config(version);
  baton_handshake* handshake = NULL;
  baton_connection* connection = NULL;
  baton_step step = BATON_STEP_NEED_BYTES;
  uint8_t buffer[16384];
  CHECK_OK(baton_handshake_new(config, &handshake));
  CHECK_OK(baton_handshake_advance(handshake, NULL, 0, &step));
  for (int i = 0; i < 4; ++i) {
    size_t size = 0;
    const uint8_t* bytes = baton_handshake_output(handshake, &size);
    give_ssl(ssl, bytes, size);
    CHECK_OK(baton_handshake_output_sent(handshake, size));
    SSL_do_handshake(ssl);
    const int count = take_from_ssl(ssl, buffer, sizeof buffer);
    CHECK_OK(baton_handshake_advance(handshake, buffer, (size_t)count, &step));
  }
  CHECK(step == BATON_STEP_COMPLETE);
  CHECK(SSL_is_init_finished(ssl));
  CHECK_OK(baton_handshake_connection(handshake, &connection));
  baton_handshake_free(handshake);
  baton_config_free(config);
  return connection;
}

static void run(int version) {
  SSL_CTX* context = new_context();
  CHECK_OK(baton_attach(context, BATON_PEER_NONE, 0, NULL));
  CHECK_FAILS(baton_attach(context, BATON_PEER_NONE, 0, NULL), BATON_INVALID_ARGUMENT, "");
  SSL* ssl = new_ssl(context);
  CHECK_FAILS(baton_adoption_readiness(ssl, NULL), BATON_REFUSED, "");
  ends both = {NULL, connect_to(ssl, version)};

  size_t size = 0;
  char buffer[64];
  CHECK_OK(baton_connection_write(both.client, (const uint8_t*)"to libssl", 9));
  const uint8_t* bytes = baton_connection_output(both.client, &size);
  give_ssl(ssl, bytes, size);
  CHECK_OK(baton_connection_output_sent(both.client, size));
  CHECK(SSL_read(ssl, buffer, 2) == 2);

  baton_readiness readiness = {.struct_size = sizeof readiness};
  CHECK_OK(baton_adoption_readiness(ssl, &readiness));
  CHECK(readiness.unread_plaintext == 7);
  baton_config* wrong = new_continuing_config(BATON_CLIENT);
  CHECK_FAILS(baton_adopt(ssl, wrong, &both.server), BATON_WRONG_ROLE, "");
  baton_config* config = new_continuing_config(BATON_SERVER);
  CHECK_OK(baton_adopt(ssl, config, &both.server));
  CHECK_FAILS(baton_adoption_readiness(ssl, NULL), BATON_CONSUMED, "");
  SSL_free(ssl);
  SSL_CTX_free(context);

  expect_text(both.server, " libssl");
  expect_talk(&both);
  baton_config_free(config);
  baton_config_free(wrong);
  free_ends(&both);
}

void test_adopt_tls13(void) {
  run(BATON_TLS13);
}
void test_adopt_tls12(void) {
  run(BATON_TLS12);
}
