/* Serialization, seals, claims and key rings. */
#include <limits.h>

#include "check.h"
#include "ends.h"
#include "tests.h"

/* The connection goes on from the bytes. */
static void open_with(const baton_bytes* envelope, const baton_seal* seal, int role,
                      baton_connection** into) {
  baton_config* config = new_continuing_config(role);
  CHECK_OK(baton_deserialize(baton_bytes_data(envelope), baton_bytes_size(envelope), seal, config, into));
  baton_config_free(config);
}

static void expect_consumed(baton_connection* connection) {
  size_t size = 1;
  const uint8_t* data = NULL;
  baton_event event = BATON_EVENT_DATA;
  CHECK(baton_connection_alive(connection) == 0);
  CHECK(baton_connection_role(connection) == -1);
  CHECK(baton_connection_protocol_version(connection) == 0);
  CHECK(baton_connection_cipher_suite(connection) == NULL);
  CHECK(baton_connection_alpn(connection) == NULL);
  CHECK(baton_connection_resumed(connection) == -1);
  CHECK(baton_connection_handshake_time(connection) == -1);
  CHECK_FAILS(baton_connection_write(connection, (const uint8_t*)"x", 1), BATON_CONSUMED, "serialized");
  CHECK_FAILS(baton_connection_next(connection, &event, &data, &size), BATON_CONSUMED, "");
  CHECK_FAILS(baton_connection_abort(connection, 80, NULL), BATON_CONSUMED, "");
  CHECK_FAILS(baton_serialization_readiness(connection, NULL), BATON_CONSUMED, "");
  baton_connection_output(connection, &size);
  CHECK(size == 0);
}

static void run(int version) {
  ends both = new_ends(version);
  baton_seal* seal = new_seal("a cluster");
  baton_seal* other = new_seal("a cluster");
  baton_bytes* envelope = NULL;
  baton_connection* again = NULL;
  expect_talk(&both);

  CHECK_OK(baton_serialize(both.server, seal, &envelope));
  expect_consumed(both.server);
  CHECK_FAILS(baton_serialize(both.server, seal, &envelope), BATON_CONSUMED, "");
  baton_connection_free(both.server);

  baton_config* config = new_continuing_config(BATON_SERVER);
  CHECK_FAILS(
      baton_deserialize(baton_bytes_data(envelope), baton_bytes_size(envelope), other, config, &again),
      BATON_UNKNOWN_KEY, "");
  open_with(envelope, seal, BATON_SERVER, &both.server);
  expect_talk(&both);
  CHECK_TEXT(baton_connection_alpn(both.server), "h2");
  CHECK_FAILS(baton_deserialize(baton_bytes_data(envelope), baton_bytes_size(envelope), seal, config, &again),
              BATON_ALREADY_CLAIMED, "");
  CHECK(again == NULL);

  baton_bytes_free(envelope);
  baton_config_free(config);
  baton_seal_free(seal);
  baton_seal_free(other);
  free_ends(&both);
}

void test_seal_tls13(void) {
  run(BATON_TLS13);
}
void test_seal_tls12(void) {
  run(BATON_TLS12);
}

void test_unprotected(void) {
  ends both = new_ends(BATON_TLS13);
  baton_bytes* bytes = NULL;
  baton_readiness readiness = {.struct_size = sizeof readiness};
  baton_config* config = new_continuing_config(BATON_CLIENT);
  baton_config* wrong = new_continuing_config(BATON_SERVER);
  expect_talk(&both);
  CHECK_OK(baton_connection_feed(both.client, (const uint8_t*)"\x17", 1));
  CHECK_OK(baton_serialization_readiness(both.client, &readiness));
  CHECK(readiness.length > 50);
  CHECK(readiness.unread_ciphertext == 1);
  CHECK(readiness.unsent_ciphertext == 0);
  CHECK_OK(baton_serialize_unprotected(both.client, &bytes));
  CHECK(baton_bytes_size(bytes) == readiness.length);
  baton_connection_free(both.client);
  CHECK_FAILS(
      baton_deserialize_unprotected(baton_bytes_data(bytes), baton_bytes_size(bytes), wrong, &both.client),
      BATON_WRONG_ROLE, "");
  CHECK_FAILS(baton_deserialize_unprotected(baton_bytes_data(bytes), baton_bytes_size(bytes) - 1, config,
                                            &both.client),
              BATON_TRUNCATED, "");
  CHECK_OK(
      baton_deserialize_unprotected(baton_bytes_data(bytes), baton_bytes_size(bytes), config, &both.client));
  baton_bytes_free(bytes);
  baton_config_free(config);
  baton_config_free(wrong);
  free_ends(&both);
}

void test_not_ready(void) {
  baton_config* server = new_server_config(0);
  baton_config* client = new_client_config(BATON_TLS13);
  CHECK_OK(baton_config_set_serialization_version(server, BATON_SERIALIZATION_NONE));
  ends both = shake_hands(server, client);
  baton_seal* seal = new_seal("a cluster");
  baton_bytes* bytes = NULL;
  CHECK_FAILS(baton_serialization_readiness(both.server, NULL), BATON_REFUSED, "version");
  /* What would move is told all the same. */
  baton_readiness readiness = {.struct_size = sizeof readiness};
  CHECK_OK(baton_connection_write(both.server, (const uint8_t*)"not sent", 8));
  CHECK_FAILS(baton_serialization_readiness(both.server, &readiness), BATON_REFUSED, "version");
  CHECK(readiness.unsent_ciphertext > 8);
  deliver(both.server, both.client);
  expect_text(both.client, "not sent");
  CHECK_FAILS(baton_serialize(both.server, seal, &bytes), BATON_REFUSED, "version");
  CHECK(bytes == NULL);
  expect_talk(&both); /* nothing has changed */
  baton_seal_free(seal);
  baton_config_free(server);
  baton_config_free(client);
  free_ends(&both);
}

static int64_t a_late_clock(void* argument) {
  return *(const int64_t*)argument;
}

void test_import_policy(void) {
  ends both = new_ends(BATON_TLS12);
  baton_bytes* bytes = NULL;
  baton_connection* none = NULL;
  int64_t late = baton_connection_handshake_time(both.server) + 3600;
  baton_config* config = new_continuing_config(BATON_SERVER);
  CHECK_OK(baton_serialize_unprotected(both.server, &bytes));
  const uint8_t* data = baton_bytes_data(bytes);
  const size_t size = baton_bytes_size(bytes);
  CHECK_OK(baton_config_set_import_policy(config, BATON_TLS13, -1, 0));
  CHECK_FAILS(baton_deserialize_unprotected(data, size, config, &none), BATON_NOT_ALLOWED, "");
  CHECK_OK(baton_config_set_import_policy(config, BATON_TLS12, -1, 16));
  CHECK_FAILS(baton_deserialize_unprotected(data, size, config, &none), BATON_LIMIT_EXCEEDED, "");
  CHECK_OK(baton_config_set_import_policy(config, BATON_TLS12, 60, 0));
  CHECK_OK(baton_config_set_clock(config, a_late_clock, &late));
  CHECK_FAILS(baton_deserialize_unprotected(data, size, config, &none), BATON_NOT_ALLOWED, "");
  CHECK_OK(baton_config_set_clock(config, NULL, NULL));
  CHECK_OK(baton_config_import_cipher_suite(config, "TLS_AES_128_GCM_SHA256"));
  CHECK_FAILS(baton_deserialize_unprotected(data, size, config, &none), BATON_NOT_ALLOWED, "");
  CHECK(none == NULL);
  baton_bytes_free(bytes);
  baton_config_free(config);
  free_ends(&both);
}

/* A store of the program's own, which knows one id. */
typedef struct own_store {
  uint8_t id[16];
  int used;
  int says; /* when it is not 0 */
  int destroyed;
} own_store;

static int own_claim(void* argument, const uint8_t id[16], int64_t expires_at, int64_t now) {
  own_store* store = argument;
  CHECK(expires_at > now);
  if (store->says != 0) return store->says;
  if (store->used && memcmp(store->id, id, 16) == 0) return BATON_ALREADY_CLAIMED;
  memcpy(store->id, id, 16);
  store->used = 1;
  return BATON_OK;
}

static void own_destroy(void* argument) {
  ((own_store*)argument)->destroyed++;
}

void test_own_claim_store(void) {
  own_store store = {{0}, 0, 0, 0};
  ends both = new_ends(BATON_TLS13);
  baton_key_ring* ring = NULL;
  baton_claims* claims = NULL;
  baton_seal* seal = NULL;
  baton_bytes* envelope = NULL;
  baton_connection* again = NULL;
  baton_config* config = new_continuing_config(BATON_SERVER);
  CHECK_OK(baton_key_ring_new(1700000000, &ring));
  CHECK_OK(baton_claims_new(own_claim, own_destroy, &store, &claims));
  CHECK_OK(baton_seal_new(ring, claims, "a", "b", 60, 0, &seal));
  baton_claims_free(claims);
  baton_key_ring_free(ring);
  CHECK(store.destroyed == 0);
  CHECK_OK(baton_serialize(both.server, seal, &envelope));
  const uint8_t* data = baton_bytes_data(envelope);
  const size_t size = baton_bytes_size(envelope);
  /* What it may not say counts as "it cannot tell". */
  const int wrong[] = {4711,           -1,      INT_MIN, BATON_WRONG_AUDIENCE, BATON_INVALID_ARGUMENT,
                       BATON_INTERNAL, BATON_IO};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    store.says = wrong[i];
    CHECK_FAILS(baton_deserialize(data, size, seal, config, &again), BATON_IO, "claim store");
  }
  store.says = BATON_EXPIRED;
  CHECK_FAILS(baton_deserialize(data, size, seal, config, &again), BATON_EXPIRED, "claim store");
  store.says = 0;
  CHECK_OK(baton_deserialize(data, size, seal, config, &again));
  baton_connection_free(again);
  CHECK_FAILS(baton_deserialize(data, size, seal, config, &again), BATON_ALREADY_CLAIMED, "claim store");
  baton_seal_free(seal);
  CHECK(store.destroyed == 1);
  baton_bytes_free(envelope);
  baton_config_free(config);
  free_ends(&both);
}

void test_key_ring(void) {
  baton_key_ring* ring = NULL;
  baton_key_ring* copy = NULL;
  baton_bytes* text = NULL;
  char id[17];
  int state = -1;
  int64_t created = 0;
  CHECK_OK(baton_key_ring_new(1700000000, &ring));
  CHECK_OK(baton_key_ring_rotate(ring, 1700000060));
  CHECK(baton_key_ring_key(ring, 0, &state, &created) != NULL);
  CHECK(state == BATON_KEY_NEXT && created == 1700000060);
  CHECK(baton_key_ring_key(ring, 1, &state, NULL) != NULL && state == BATON_KEY_CURRENT);
  CHECK(baton_key_ring_key(ring, 2, &state, NULL) != NULL && state == BATON_KEY_PREVIOUS);
  strcpy(id, baton_key_ring_key(ring, 2, NULL, NULL));
  CHECK(baton_key_ring_key(ring, 3, &state, &created) == NULL);
  CHECK_OK(baton_key_ring_to_text_unprotected(ring, &text));
  CHECK_OK(baton_key_ring_parse_unprotected(baton_bytes_data(text), baton_bytes_size(text), NULL, &copy));
  CHECK_TEXT(baton_key_ring_key(copy, 2, NULL, NULL), id);
  CHECK_OK(baton_key_ring_retire(copy, id));
  CHECK_FAILS(baton_key_ring_retire(copy, id), BATON_UNKNOWN_KEY, "");
  CHECK_FAILS(baton_key_ring_parse_unprotected((const uint8_t*)"nonsense", 8, "ring.txt", &ring),
              BATON_MALFORMED, "ring.txt");
  CHECK_FAILS(baton_key_ring_new(-1, &ring), BATON_INVALID_ARGUMENT, "");
  baton_bytes_free(text);
  baton_key_ring_free(ring);
  baton_key_ring_free(copy);
}

void test_s2n(void) {
  ends both = new_ends(BATON_TLS13);
  baton_bytes* bytes = NULL;
  baton_config* config = new_continuing_config(BATON_CLIENT);
  expect_talk(&both);
  CHECK_FAILS(baton_s2n_v1_readiness(both.client, NULL), BATON_REFUSED, "");
  CHECK_FAILS(baton_serialize_s2n_v1_unprotected(both.client, &bytes), BATON_REFUSED, "");
  CHECK_OK(baton_serialize_unprotected(both.client, &bytes));
  baton_connection_free(both.client);
  CHECK_OK(baton_config_set_s2n_v1(config, 1));
  CHECK_OK(
      baton_deserialize_unprotected(baton_bytes_data(bytes), baton_bytes_size(bytes), config, &both.client));
  baton_bytes_free(bytes);

  baton_readiness readiness = {.struct_size = sizeof readiness};
  CHECK_OK(baton_s2n_v1_readiness(both.client, &readiness));
  CHECK_OK(baton_serialize_s2n_v1_unprotected(both.client, &bytes));
  CHECK(baton_bytes_size(bytes) == readiness.length);
  baton_connection_free(both.client);
  CHECK_OK(baton_deserialize_s2n_v1_unprotected(baton_bytes_data(bytes), baton_bytes_size(bytes), config,
                                                &both.client));
  expect_talk(&both);
  baton_bytes_free(bytes);
  baton_config_free(config);
  free_ends(&both);
}
