/* Handshakes and connections. */
#define _POSIX_C_SOURCE 200809L /* mkfifo */
#include <sys/stat.h>

#include "check.h"
#include "ends.h"
#include "tests.h"
#include "world.h"

static void expect_known(const ends* both, int version) {
  uint8_t digest[32];
  size_t size = 0;
  CHECK(baton_connection_alive(both->server) == 1);
  CHECK(baton_connection_role(both->server) == BATON_SERVER);
  CHECK(baton_connection_role(both->client) == BATON_CLIENT);
  CHECK(baton_connection_protocol_version(both->server) == version);
  CHECK(strncmp(baton_connection_cipher_suite(both->server), "TLS_", 4) == 0);
  CHECK_TEXT(baton_connection_cipher_suite(both->client), baton_connection_cipher_suite(both->server));
  CHECK_TEXT(baton_connection_alpn(both->server), "h2");
  CHECK_TEXT(baton_connection_server_name(both->server), SERVER_NAME);
  CHECK_TEXT(baton_connection_group(both->server), "X25519");
  CHECK(baton_connection_resumed(both->server) == 0);
  CHECK(baton_connection_handshake_time(both->server) > 1700000000);
  CHECK(baton_connection_failure(both->server, NULL, NULL) == NULL);
  CHECK_OK(baton_connection_peer_certificate_digest(both->client, digest));
  CHECK(baton_connection_peer_certificate(both->client, 0, &size)[0] == 0x30);
  CHECK(size > 100);
  CHECK(baton_connection_peer_certificate(both->client, 9, &size) == NULL && size == 0);
  CHECK_FAILS(baton_connection_peer_certificate_digest(both->server, digest), BATON_REFUSED,
              "no certificate of the peer");
}

static void run(int version) {
  ends both = new_ends(version);
  expect_known(&both, version);
  expect_talk(&both);
  if (version == BATON_TLS13) {
    CHECK_OK(baton_connection_update_keys(both.server, 1));
  } else {
    CHECK_FAILS(baton_connection_update_keys(both.server, 1), BATON_REFUSED, "");
  }
  expect_talk(&both);
  free_ends(&both);
}

void test_tls13(void) {
  run(BATON_TLS13);
}
void test_tls12(void) {
  run(BATON_TLS12);
}

void test_closing(void) {
  ends both = new_ends(BATON_TLS13);
  baton_event event = BATON_EVENT_DATA;
  const uint8_t* data = NULL;
  size_t size = 0;
  int alert = 0;
  int from_peer = 0;
  expect_talk(&both);
  CHECK_OK(baton_connection_close_write(both.server));
  CHECK_FAILS(baton_connection_write(both.server, (const uint8_t*)"x", 1), BATON_REFUSED, "");
  deliver(both.server, both.client);
  CHECK_OK(baton_connection_next(both.client, &event, &data, &size));
  CHECK(event == BATON_EVENT_PEER_CLOSED);
  expect_passes(both.client, both.server, "half-closed");
  CHECK_OK(baton_connection_abort(both.client, 80, "no more"));
  CHECK_TEXT(baton_connection_failure(both.client, &alert, &from_peer), "no more");
  CHECK(alert == 80 && from_peer == 0);
  deliver(both.client, both.server);
  CHECK_OK(baton_connection_next(both.server, &event, &data, &size));
  CHECK(event == BATON_EVENT_FAILED);
  CHECK(baton_connection_failure(both.server, &alert, &from_peer) != NULL);
  CHECK(alert == 80 && from_peer == 1);
  free_ends(&both);
}

/* Without a copy, and a read that gives nothing. */
void test_receive_space(void) {
  ends both = new_ends(BATON_TLS13);
  uint8_t* space = NULL;
  size_t room = 0;
  size_t size = 0;
  expect_talk(&both);
  CHECK_OK(baton_connection_write(both.client, (const uint8_t*)"in place", 8));
  const uint8_t* bytes = baton_connection_output(both.client, &size);
  CHECK_OK(baton_connection_receive_space(both.server, size, &space, &room));
  CHECK(room >= size);
  memcpy(space, bytes, size);
  CHECK_OK(baton_connection_received(both.server, size));
  CHECK_OK(baton_connection_output_sent(both.client, size));
  expect_text(both.server, "in place");
  CHECK_OK(baton_connection_receive_space(both.server, 1, &space, &room));
  CHECK_OK(baton_connection_received(both.server, 0));
  baton_connection_after_idle(both.server);
  free_ends(&both);
}

void test_keying_material(void) {
  ends both = new_ends(BATON_TLS13);
  uint8_t server[32] = {0};
  uint8_t client[32] = {1};
  CHECK(baton_connection_can_export_keying_material(both.server) == 1);
  CHECK_OK(baton_connection_export_keying_material(both.server, "EXPORTER-test", (const uint8_t*)"c", 1,
                                                   server, sizeof server));
  CHECK_OK(baton_connection_export_keying_material(both.client, "EXPORTER-test", (const uint8_t*)"c", 1,
                                                   client, sizeof client));
  CHECK(memcmp(server, client, sizeof server) == 0);
  free_ends(&both);
}

/* What was not sent moves into the connection, in its order. */
void test_unsent_output_moves(void) {
  baton_config* server = new_server_config(0);
  baton_config* client = new_client_config(BATON_TLS12);
  baton_handshake* accepting = NULL;
  baton_handshake* connecting = NULL;
  ends both = {NULL, NULL};
  baton_step server_step = BATON_STEP_NEED_BYTES;
  baton_step client_step = BATON_STEP_NEED_BYTES;
  size_t size = 0;
  CHECK_OK(baton_handshake_new(server, &accepting));
  CHECK_OK(baton_handshake_new(client, &connecting));
  CHECK_OK(baton_handshake_advance(connecting, NULL, 0, &client_step));
  CHECK(carry_handshake(connecting, accepting, &server_step));
  CHECK(carry_handshake(accepting, connecting, &client_step));
  CHECK(carry_handshake(connecting, accepting, &server_step));
  CHECK(server_step == BATON_STEP_COMPLETE && client_step == BATON_STEP_NEED_BYTES);
  CHECK(baton_handshake_output(accepting, &size) != NULL && size > 10);
  const uint8_t* bytes = baton_handshake_output(accepting, &size);
  CHECK_OK(baton_handshake_advance(connecting, bytes, 10, &client_step));
  CHECK_OK(baton_handshake_output_sent(accepting, 10));
  CHECK_OK(baton_handshake_connection(accepting, &both.server));
  CHECK_OK(baton_connection_write(both.server, (const uint8_t*)"an answer", 9));
  bytes = baton_connection_output(both.server, &size);
  CHECK_OK(baton_handshake_advance(connecting, bytes, size, &client_step));
  CHECK_OK(baton_connection_output_sent(both.server, size));
  CHECK(client_step == BATON_STEP_COMPLETE);
  CHECK_OK(baton_handshake_connection(connecting, &both.client));
  expect_text(both.client, "an answer");
  expect_talk(&both);
  baton_handshake_free(accepting);
  baton_handshake_free(connecting);
  baton_config_free(server);
  baton_config_free(client);
  free_ends(&both);
}

static void write_file(const char* path, const char* text) {
  FILE* file = fopen(path, "w");
  CHECK(file != NULL);
  CHECK(fputs(text, file) >= 0);
  CHECK(fclose(file) == 0);
}

void test_certificates_from_files(void) {
  baton_settings* settings = NULL;
  baton_config* server = NULL;
  write_file("capi_chain.pem", world_chain());
  write_file("capi_key.pem", world_key());
  write_file("capi_ca.pem", world_ca());
  CHECK_OK(baton_settings_new(BATON_SERVER, &settings));
  CHECK_OK(baton_settings_add_certificate_files(settings, "capi_chain.pem", "capi_key.pem"));
  CHECK_OK(baton_settings_set_ca_file(settings, "capi_ca.pem"));
  CHECK_OK(baton_settings_keep(settings, BATON_PEER_DIGEST, 0));
  CHECK_OK(baton_config_new(settings, &server));
  CHECK_FAILS(baton_settings_add_certificate_files(settings, "capi_missing.pem", "capi_key.pem"), BATON_IO,
              "capi_missing.pem");
  CHECK_FAILS(baton_settings_set_ca_file(settings, "/dev/zero"), BATON_LIMIT_EXCEEDED, "1 MiB");
  baton_config* client = new_client_config(BATON_TLS13);
  ends both = shake_hands(server, client);
  uint8_t digest[32];
  CHECK_OK(baton_connection_peer_certificate_digest(both.server, digest));
  free_ends(&both);
  baton_config_free(client);
  baton_config_free(server);
  baton_settings_free(settings);
  remove("capi_chain.pem");
  remove("capi_key.pem");
  remove("capi_ca.pem");
}

/* R6: of a file with a chain and its key, only the certificates are kept outside of what is wiped. */
void test_chain_and_key_in_one_file(void) {
  baton_settings* settings = NULL;
  baton_config* server = NULL;
  char* both = calloc(1, 64 + 2 * strlen(world_key()) + strlen(world_chain()));
  CHECK(both != NULL);
  strcat(strcat(strcat(both, world_key()), "a comment\n"), world_chain());
  strcat(both, world_key());
  write_file("capi_both.pem", both);
  CHECK_OK(baton_settings_new(BATON_SERVER, &settings));
  CHECK_OK(baton_settings_add_certificate_files(settings, "capi_both.pem", "capi_both.pem"));
  CHECK_TEXT(world_kept_chain(settings), world_chain());
  CHECK_OK(baton_settings_set_ca_file(settings, "capi_both.pem"));
  CHECK_TEXT(world_kept_ca(settings), world_chain());
  CHECK_OK(baton_config_new(settings, &server));
  CHECK_FAILS(baton_settings_set_ca(settings, (const uint8_t*)world_key(), strlen(world_key())),
              BATON_MALFORMED, "ca_pem holds no certificate");
  baton_config_free(server);
  baton_settings_free(settings);
  free(both);
  remove("capi_both.pem");
}

/* In the middle of a certificate: told, and not taken for less of a chain. */
void test_chain_that_is_cut_off(void) {
  baton_settings* settings = NULL;
  baton_config* server = NULL;
  const char* key = world_key();
  CHECK_OK(baton_settings_new(BATON_SERVER, &settings));
  CHECK_OK(baton_settings_add_certificate(settings, (const uint8_t*)world_chain(), strlen(world_chain()) - 60,
                                          (const uint8_t*)key, strlen(key)));
  CHECK_FAILS(baton_config_new(settings, &server), BATON_CRYPTO, "certificate 1 cannot be read");
  baton_settings_free(settings);
}

/* None of them may pass for "no client certificate is demanded". */
void test_nothing_to_trust(void) {
  const char* const empty = "capi_empty.pem";
  const char* const fifo = "capi_fifo.pem";
  baton_settings* settings = NULL;
  remove(fifo);
  write_file(empty, "");
  CHECK(mkfifo(fifo, 0600) == 0);
  CHECK_OK(baton_settings_new(BATON_SERVER, &settings));
  CHECK_FAILS(baton_settings_set_ca(settings, NULL, 0), BATON_INVALID_ARGUMENT, "ca_pem is empty");
  CHECK_FAILS(baton_settings_set_ca(settings, (const uint8_t*)"x", 0), BATON_INVALID_ARGUMENT,
              "ca_pem is empty");
  CHECK_FAILS(baton_settings_set_ca_file(settings, empty), BATON_INVALID_ARGUMENT, "capi_empty.pem is empty");
  CHECK_FAILS(baton_settings_set_ca_file(settings, fifo), BATON_INVALID_ARGUMENT, "capi_fifo.pem is empty");
  CHECK_FAILS(baton_settings_set_ca_file(settings, "/dev/null"), BATON_INVALID_ARGUMENT,
              "/dev/null is empty");
  CHECK_FAILS(baton_settings_set_ticket_keys(settings, NULL, 0), BATON_INVALID_ARGUMENT, "keys is empty");
  baton_settings_free(settings);
  remove(empty);
  remove(fifo);
}

void test_handshake_that_fails(void) {
  baton_settings* settings = NULL;
  baton_config* stranger = NULL;
  CHECK_OK(baton_settings_new(BATON_CLIENT, &settings));
  CHECK_OK(baton_settings_set_server_name(settings, "somebody.else"));
  CHECK_OK(baton_settings_set_ca(settings, (const uint8_t*)world_ca(), strlen(world_ca())));
  CHECK_OK(baton_config_new(settings, &stranger));
  baton_config* server = new_server_config(0);
  baton_handshake* accepting = NULL;
  baton_handshake* connecting = NULL;
  baton_connection* none = NULL;
  baton_step server_step = BATON_STEP_NEED_BYTES;
  baton_step client_step = BATON_STEP_NEED_BYTES;
  int alert = 0;
  int from_peer = 0;
  CHECK_OK(baton_handshake_new(server, &accepting));
  CHECK_OK(baton_handshake_new(stranger, &connecting));
  CHECK_OK(baton_handshake_advance(connecting, NULL, 0, &client_step));
  while (carry_handshake(connecting, accepting, &server_step) ||
         carry_handshake(accepting, connecting, &client_step)) {
  }
  CHECK(client_step == BATON_STEP_FAILED && server_step == BATON_STEP_FAILED);
  CHECK(baton_handshake_failure(connecting, &alert, &from_peer) != NULL);
  CHECK(alert == 42 && from_peer == 0);
  CHECK(baton_handshake_failure(accepting, &alert, &from_peer) != NULL);
  CHECK(alert == 42 && from_peer == 1);
  CHECK(baton_handshake_failure_kind(accepting) == NULL);
  CHECK_FAILS(baton_handshake_connection(accepting, &none), BATON_INVALID_ARGUMENT, "not complete");
  CHECK(none == NULL);
  baton_handshake_free(accepting);
  baton_handshake_free(connecting);
  baton_config_free(server);
  baton_config_free(stranger);
  baton_settings_free(settings);
}
