/* The application server's end of a link. */
#include "check.h"
#include "ends.h"
#include "tests.h"
#include "world.h"

typedef struct offload {
  baton_link* link;
  world_key_store* store;
  int news;
} offload;

static void on_news(void* argument) {
  ((offload*)argument)->news++;
}

/* Both ways, until both are silent. */
static void pump(offload* o) {
  int moved = 1;
  while (moved) {
    size_t size = 0;
    moved = 0;
    const uint8_t* bytes = baton_link_output(o->link, &size);
    if (size != 0) {
      world_key_store_receive(o->store, bytes, size);
      CHECK_OK(baton_link_output_sent(o->link, size));
      moved = 1;
    }
    bytes = world_key_store_output(o->store, &size);
    if (size != 0) {
      CHECK_OK(baton_link_receive(o->link, bytes, size));
      world_key_store_output_sent(o->store, size);
      moved = 1;
    }
  }
}

static offload new_offload(int is_protected) {
  offload o = {NULL, NULL, 0};
  if (is_protected) {
    baton_config* server = new_server_config(1);
    baton_config* client = new_client_config(BATON_TLS13);
    ends tls = shake_hands(server, client);
    o.store = world_key_store_new(tls.server);
    CHECK_OK(baton_link_new(tls.client, "a C program", 16, &o.link));
    CHECK(baton_connection_alive(tls.client) == 0);
    free_ends(&tls);
    baton_config_free(server);
    baton_config_free(client);
  } else {
    o.store = world_key_store_new(NULL);
    CHECK_OK(baton_link_new_unprotected(NULL, 0, &o.link));
  }
  CHECK(baton_link_ready(o.link) == 0);
  pump(&o);
  CHECK(baton_link_ready(o.link) == 1);
  return o;
}

static void free_offload(offload* o) {
  baton_link_free(o->link);
  world_key_store_free(o->store);
}

static void run_handshake(offload* o, int version) {
  baton_config* client_config = new_client_config(version);
  baton_config* server_config = new_continuing_config(BATON_SERVER);
  baton_offload_request request;
  memset(&request, 0, sizeof request);
  request.struct_size = sizeof request;
  request.client_port = 4711;
  request.listener = "https";
  request.deadline_ms = 5000;
  request.on_news = on_news;
  request.argument = o;

  baton_handshake* server = NULL;
  baton_handshake* client = NULL;
  baton_step server_step = BATON_STEP_NEED_BYTES;
  baton_step client_step = BATON_STEP_NEED_BYTES;
  CHECK_OK(baton_handshake_new(client_config, &client));
  CHECK_OK(baton_link_open(o->link, server_config, &request, &server));
  CHECK(baton_handshake_room(server) > 16384);
  CHECK_OK(baton_handshake_advance(client, NULL, 0, &client_step));
  for (int i = 0; i < 4; ++i) {
    carry_handshake(client, server, &server_step);
    pump(o);
    CHECK_OK(baton_handshake_advance(server, NULL, 0, &server_step));
    pump(o);
    carry_handshake(server, client, &client_step);
  }
  CHECK(server_step == BATON_STEP_COMPLETE && client_step == BATON_STEP_COMPLETE);
  CHECK(o->news > 0);
  CHECK(world_key_store_established(o->store) == 1);
  CHECK(baton_link_in_flight(o->link) == 0);

  ends both = {NULL, NULL};
  CHECK_OK(baton_handshake_connection(server, &both.server));
  CHECK_OK(baton_handshake_connection(client, &both.client));
  expect_talk(&both);
  CHECK(baton_connection_protocol_version(both.server) == version);
  free_ends(&both);
  baton_handshake_free(server);
  baton_handshake_free(client);
  baton_config_free(client_config);
  baton_config_free(server_config);
}

void test_link_over_tls(void) {
  offload o = new_offload(1);
  run_handshake(&o, BATON_TLS13);
  run_handshake(&o, BATON_TLS12);
  free_offload(&o);
}

void test_link_unprotected(void) {
  offload o = new_offload(0);
  run_handshake(&o, BATON_TLS13);
  run_handshake(&o, BATON_TLS12);
  free_offload(&o);
}

void test_link_life(void) {
  offload o = new_offload(1);
  baton_handshake* handshake = NULL;
  baton_config* config = new_continuing_config(BATON_SERVER);
  baton_step step = BATON_STEP_NEED_BYTES;
  CHECK_OK(baton_link_ping(o.link));
  CHECK(baton_link_unanswered_pings(o.link) == 1);
  pump(&o);
  CHECK(baton_link_unanswered_pings(o.link) == 0);

  CHECK_OK(baton_link_open(o.link, config, NULL, &handshake));
  CHECK_OK(baton_handshake_advance(handshake, (const uint8_t*)"\x16\x03\x01", 3, &step));
  CHECK(baton_link_in_flight(o.link) == 1);
  CHECK_OK(baton_link_go_away(o.link, "an hour is over"));
  CHECK(baton_link_going_away(o.link) == 1 && baton_link_finished(o.link) == 0);
  CHECK(baton_link_end_reason(o.link) == NULL);
  CHECK_OK(baton_link_end(o.link, "reset by peer"));
  CHECK(baton_link_finished(o.link) == 1);
  CHECK_TEXT(baton_link_end_reason(o.link), "reset by peer");
  CHECK_OK(baton_handshake_advance(handshake, NULL, 0, &step));
  CHECK(step == BATON_STEP_FAILED);
  CHECK_TEXT(baton_handshake_failure_kind(handshake), "link_lost");
  CHECK_TEXT(baton_handshake_failure(handshake, NULL, NULL), "reset by peer");
  baton_handshake* none = NULL;
  CHECK_FAILS(baton_link_open(o.link, config, NULL, &none), BATON_REFUSED, "reset");
  CHECK_FAILS(baton_link_receive(o.link, (const uint8_t*)"x", 1), BATON_REFUSED, "reset by peer");
  free_offload(&o);
  baton_handshake_free(handshake); /* after its link */
  baton_config_free(config);
}

/* Only mutual TLS 1.3 makes a link. */
void test_link_refuses(void) {
  baton_link* link = NULL;
  ends old = new_ends(BATON_TLS12);
  const char* reason = "a reason that is longer than what a string has room for in itself";
  CHECK_OK(baton_connection_abort(old.client, 80, reason));
  const char* failure = baton_connection_failure(old.client, NULL, NULL);
  CHECK_FAILS(baton_link_new(old.client, NULL, 0, &link), BATON_REFUSED, "TLS 1.3");
  CHECK_TEXT(failure, reason); /* the text is the handle's, which is still there */
  CHECK(baton_connection_failure(old.client, NULL, NULL) == NULL);
  CHECK_FAILS(baton_link_new(old.client, NULL, 0, &link), BATON_CONSUMED, "");
  CHECK_FAILS(baton_link_new(old.server, NULL, 0, &link), BATON_REFUSED, "client");
  CHECK(link == NULL);
  free_ends(&old);

  /* Without the certificate of the key store. */
  baton_settings* settings = NULL;
  baton_config* client = NULL;
  CHECK_OK(baton_settings_new(BATON_CLIENT, &settings));
  CHECK_OK(baton_settings_set_server_name(settings, SERVER_NAME));
  CHECK_OK(baton_settings_set_ca(settings, (const uint8_t*)world_ca(), strlen(world_ca())));
  CHECK_OK(baton_config_new(settings, &client));
  baton_config* server = new_server_config(0);
  ends blind = shake_hands(server, client);
  CHECK_FAILS(baton_link_new(blind.client, NULL, 0, &link), BATON_REFUSED, "no verified certificate");
  CHECK(link == NULL);
  free_ends(&blind);
  baton_config_free(server);
  baton_config_free(client);
  baton_settings_free(settings);
}
