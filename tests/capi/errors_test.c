/* What goes wrong, and how it is told. */
#include <limits.h>
#include <threads.h>

#include "check.h"
#include "ends.h"
#include "tests.h"

void test_names_and_version(void) {
  CHECK_TEXT(baton_status_name(BATON_OK), "ok");
  CHECK_TEXT(baton_status_name(BATON_ALREADY_CLAIMED), "already_claimed");
  CHECK_TEXT(baton_status_name(BATON_NO_MEMORY), "no_memory");
  CHECK_TEXT(baton_status_name(77), "unknown");
  CHECK_TEXT(baton_status_name(-1), "unknown");
  CHECK_TEXT(baton_status_name(4711), "unknown");
  CHECK_TEXT(baton_status_name(INT_MIN), "unknown");
  CHECK(strchr(baton_version(), '.') != NULL);
  CHECK_TEXT(baton_last_error(), "");
  /* These numbers are promised. */
  CHECK(BATON_INVALID_ARGUMENT == 1 && BATON_CONSUMED == 8 && BATON_ALREADY_CLAIMED == 19);
}

#define CHECK_MISSING(call, name) CHECK_FAILS(call, BATON_INVALID_ARGUMENT, name " is NULL")

void test_null(void) {
  baton_config* config = new_continuing_config(BATON_SERVER);
  baton_step step;
  baton_event event;
  const uint8_t* data;
  size_t size = 1;
  CHECK_MISSING(baton_settings_new(BATON_SERVER, NULL), "settings");
  CHECK_MISSING(baton_config_new(NULL, &config), "settings");
  CHECK_MISSING(baton_config_continuing(BATON_SERVER, NULL), "config");
  CHECK_MISSING(baton_config_set_padding_block(NULL, 1), "config");
  CHECK_MISSING(baton_handshake_new(config, NULL), "handshake");
  CHECK_MISSING(baton_handshake_advance(NULL, NULL, 0, &step), "handshake");
  CHECK_MISSING(baton_connection_feed(NULL, NULL, 1), "bytes");
  CHECK_MISSING(baton_connection_next(NULL, &event, &data, &size), "connection");
  CHECK_MISSING(baton_serialize(NULL, NULL, NULL), "connection");
  CHECK_MISSING(baton_seal_new(NULL, NULL, "a", "b", 1, 1, NULL), "ring");
  CHECK_MISSING(baton_claims_new(NULL, NULL, NULL, NULL), "claim");
  CHECK_MISSING(baton_attach(NULL, 0, 0, NULL), "context");
  CHECK_MISSING(baton_adopt(NULL, config, NULL), "ssl");
  CHECK_MISSING(baton_link_new(NULL, NULL, 0, NULL), "connection");
  CHECK_MISSING(baton_link_open(NULL, config, NULL, NULL), "link");

  CHECK(baton_handshake_output(NULL, &size) == NULL && size == 0);
  CHECK(baton_connection_output(NULL, NULL) == NULL);
  CHECK(baton_link_output(NULL, NULL) == NULL);
  CHECK(baton_connection_alive(NULL) == 0);
  CHECK(baton_connection_role(NULL) == -1);
  CHECK(baton_connection_alpn(NULL) == NULL);
  CHECK(baton_connection_failure(NULL, NULL, NULL) == NULL);
  CHECK(baton_connection_peer_certificate(NULL, 0, NULL) == NULL);
  CHECK(baton_handshake_server_name(NULL) == NULL);
  CHECK(baton_handshake_peer_name(NULL, 0) == NULL);
  CHECK(baton_key_ring_key(NULL, 0, NULL, NULL) == NULL);
  CHECK(baton_link_ready(NULL) == 0 && baton_link_finished(NULL) == 1);
  CHECK(baton_bytes_data(NULL) == NULL && baton_bytes_size(NULL) == 0);

  baton_bytes_free(NULL);
  baton_settings_free(NULL);
  baton_config_free(NULL);
  baton_handshake_free(NULL);
  baton_connection_free(NULL);
  baton_key_ring_free(NULL);
  baton_claims_free(NULL);
  baton_seal_free(NULL);
  baton_link_free(NULL);
  baton_connection_after_idle(NULL);
  baton_config_free(config);
}

void test_wrong_arguments(void) {
  baton_settings* settings = NULL;
  baton_config* config = NULL;
  baton_handshake* handshake = NULL;
  baton_seal* seal = NULL;
  CHECK_FAILS(baton_settings_new(2, &settings), BATON_INVALID_ARGUMENT, "BATON_SERVER");
  CHECK(settings == NULL);
  CHECK_OK(baton_settings_new(BATON_SERVER, &settings));
  CHECK_FAILS(baton_settings_set_versions(settings, 0x0302, BATON_TLS13), BATON_INVALID_ARGUMENT,
              "BATON_TLS12");
  CHECK_FAILS(baton_settings_set_server_name(settings, "x"), BATON_WRONG_ROLE, "client's");
  CHECK_FAILS(baton_settings_keep(settings, 3, 0), BATON_INVALID_ARGUMENT, "BATON_PEER");
  CHECK_FAILS(baton_settings_keep(settings, 0, 4), BATON_INVALID_ARGUMENT, "BATON_KEEP");
  CHECK_OK(
      baton_settings_add_certificate(settings, (const uint8_t*)"no chain", 8, (const uint8_t*)"no key", 6));
  CHECK(baton_config_new(settings, &config) != BATON_OK);
  CHECK(strstr(baton_last_error(), "the certificate") != NULL);
  CHECK(config == NULL);
  CHECK_OK(baton_config_continuing(BATON_SERVER, &config));
  CHECK_FAILS(baton_config_set_serialization_version(config, 2), BATON_UNSUPPORTED_VERSION, "version 2");
  CHECK_FAILS(baton_config_set_serialization_version(config, -1), BATON_UNSUPPORTED_VERSION, "");
  CHECK_FAILS(baton_handshake_new(config, &handshake), BATON_INVALID_ARGUMENT, "continues");

  baton_key_ring* ring = NULL;
  baton_claims* claims = NULL;
  CHECK_OK(baton_key_ring_new(0, &ring));
  CHECK_OK(baton_claims_new_memory(0, &claims));
  CHECK_FAILS(baton_seal_new(ring, claims, "", "purpose", 60, 30, &seal), BATON_INVALID_ARGUMENT, "");
  CHECK_FAILS(baton_seal_new(ring, claims, "a", "purpose", INT64_MAX, 30, &seal), BATON_INVALID_ARGUMENT, "");
  baton_claims_free(claims);
  baton_key_ring_free(ring);
  baton_config_free(config);
  baton_settings_free(settings);
}

void test_too_much(void) {
  ends both = new_ends(BATON_TLS13);
  uint8_t* space = NULL;
  size_t size = 0;
  expect_talk(&both);
  CHECK_FAILS(baton_connection_output_sent(both.server, 1), BATON_INVALID_ARGUMENT, "1 bytes cannot");
  CHECK_FAILS(baton_connection_receive_space(both.server, SIZE_MAX, &space, &size), BATON_INVALID_ARGUMENT,
              "4 MiB");
  CHECK_FAILS(baton_connection_abort(both.server, 256, NULL), BATON_INVALID_ARGUMENT, "255");
  uint8_t out[1] = {0};
  CHECK_FAILS(baton_connection_export_keying_material(both.server, "x", NULL, 0, out, SIZE_MAX),
              BATON_INVALID_ARGUMENT, "");
  baton_readiness readiness = {.struct_size = 0};
  CHECK_FAILS(baton_serialization_readiness(both.server, &readiness), BATON_INVALID_ARGUMENT, "struct_size");
  /* An older program, with a smaller struct. */
  readiness.length = 0;
  readiness.key_update_owed = 7;
  readiness.struct_size = offsetof(baton_readiness, unread_ciphertext);
  CHECK_OK(baton_serialization_readiness(both.server, &readiness));
  CHECK(readiness.length != 0 && readiness.key_update_owed == 7);
  /* A text that is longer than what is kept of it. */
  baton_key_ring* ring = NULL;
  char* name = calloc(100001, 1);
  CHECK(name != NULL);
  memset(name, 'n', 100000);
  CHECK_FAILS(baton_key_ring_parse_unprotected(NULL, 0, name, &ring), BATON_MALFORMED, "nnnnn");
  CHECK(strlen(baton_last_error()) < 2000);
  free(name);
  expect_talk(&both);
  free_ends(&both);
}

static int other_thread(void* argument) {
  const char* text = argument;
  CHECK_TEXT(baton_last_error(), "");
  CHECK_MISSING(baton_config_continuing(BATON_SERVER, NULL), "config");
  CHECK_TEXT(text, "settings is NULL");
  return 0;
}

void test_a_text_for_each_thread(void) {
  thrd_t thread;
  int result = 1;
  char text[64];
  CHECK_MISSING(baton_settings_new(BATON_SERVER, NULL), "settings");
  strncpy(text, baton_last_error(), sizeof text - 1);
  text[sizeof text - 1] = 0;
  CHECK(thrd_create(&thread, other_thread, text) == thrd_success);
  CHECK(thrd_join(thread, &result) == thrd_success && result == 0);
  CHECK_TEXT(baton_last_error(), "settings is NULL");
}
