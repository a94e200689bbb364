#include "ends.h"

#include "check.h"
#include "world.h"

static void add_certificate(baton_settings* settings) {
  CHECK_OK(baton_settings_add_certificate(settings, (const uint8_t*)world_chain(), strlen(world_chain()),
                                          (const uint8_t*)world_key(), strlen(world_key())));
}

static baton_config* to_config(baton_settings* settings) {
  baton_config* config = NULL;
  CHECK_OK(baton_settings_add_alpn(settings, "h2"));
  CHECK_OK(baton_settings_keep(settings, BATON_PEER_CHAIN, BATON_KEEP_EXPORTER_SECRET));
  CHECK_OK(baton_config_new(settings, &config));
  CHECK_OK(baton_config_set_serialization_version(config, BATON_SERIALIZATION_V1));
  baton_settings_free(settings);
  return config;
}

baton_config* new_server_config(int mutual) {
  baton_settings* settings = NULL;
  CHECK_OK(baton_settings_new(BATON_SERVER, &settings));
  add_certificate(settings);
  if (mutual) CHECK_OK(baton_settings_set_ca(settings, (const uint8_t*)world_ca(), strlen(world_ca())));
  return to_config(settings);
}

baton_config* new_client_config(int version) {
  baton_settings* settings = NULL;
  CHECK_OK(baton_settings_new(BATON_CLIENT, &settings));
  add_certificate(settings);
  CHECK_OK(baton_settings_set_ca(settings, (const uint8_t*)world_ca(), strlen(world_ca())));
  CHECK_OK(baton_settings_set_server_name(settings, SERVER_NAME));
  CHECK_OK(baton_settings_set_versions(settings, version, version));
  return to_config(settings);
}

baton_config* new_continuing_config(int role) {
  baton_config* config = NULL;
  CHECK_OK(baton_config_continuing(role, &config));
  CHECK_OK(baton_config_set_serialization_version(config, BATON_SERIALIZATION_V1));
  return config;
}

int carry_handshake(baton_handshake* from, baton_handshake* to, baton_step* step) {
  size_t size = 0;
  const uint8_t* bytes = baton_handshake_output(from, &size);
  if (size == 0) return 0;
  CHECK_OK(baton_handshake_advance(to, bytes, size, step));
  CHECK_OK(baton_handshake_output_sent(from, size));
  return 1;
}

ends shake_hands(const baton_config* server, const baton_config* client) {
  ends both = {NULL, NULL};
  baton_handshake* accepting = NULL;
  baton_handshake* connecting = NULL;
  baton_step server_step = BATON_STEP_NEED_BYTES;
  baton_step client_step = BATON_STEP_NEED_BYTES;
  CHECK_OK(baton_handshake_new(server, &accepting));
  CHECK_OK(baton_handshake_new(client, &connecting));
  CHECK_OK(baton_handshake_advance(connecting, NULL, 0, &client_step));
  while (carry_handshake(connecting, accepting, &server_step) ||
         carry_handshake(accepting, connecting, &client_step)) {
  }
  CHECK(server_step == BATON_STEP_COMPLETE);
  CHECK(client_step == BATON_STEP_COMPLETE);
  const char* server_name = baton_handshake_server_name(accepting);
  const char* peer_name = baton_handshake_peer_name(connecting, 0);
  CHECK_TEXT(server_name, SERVER_NAME);
  CHECK_TEXT(peer_name, SERVER_NAME);
  CHECK(baton_handshake_peer_name(connecting, 99) == NULL);
  CHECK(baton_handshake_failure(accepting, NULL, NULL) == NULL);
  CHECK_OK(baton_handshake_connection(accepting, &both.server));
  CHECK_OK(baton_handshake_connection(connecting, &both.client));
  CHECK_FAILS(baton_handshake_connection(accepting, &both.server), BATON_CONSUMED, "has become a connection");
  CHECK_FAILS(baton_handshake_advance(accepting, NULL, 0, &server_step), BATON_CONSUMED, "");
  CHECK(baton_handshake_room(accepting) == 0);
  /* The texts are the handles', which are still there. */
  CHECK_TEXT(server_name, SERVER_NAME);
  CHECK_TEXT(peer_name, SERVER_NAME);
  CHECK(baton_handshake_server_name(accepting) == NULL);
  baton_handshake_free(accepting);
  baton_handshake_free(connecting);
  return both;
}

ends new_ends(int version) {
  baton_config* server = new_server_config(0);
  baton_config* client = new_client_config(version);
  const ends both = shake_hands(server, client);
  baton_config_free(server);
  baton_config_free(client);
  return both;
}

void free_ends(ends* both) {
  baton_connection_free(both->server);
  baton_connection_free(both->client);
}

void deliver(baton_connection* from, baton_connection* to) {
  size_t size = 0;
  const uint8_t* bytes = baton_connection_output(from, &size);
  CHECK_OK(baton_connection_feed(to, bytes, size));
  CHECK_OK(baton_connection_output_sent(from, size));
}

void expect_text(baton_connection* connection, const char* text) {
  char have[256] = "";
  size_t filled = 0;
  baton_event event = BATON_EVENT_DATA;
  for (;;) {
    const uint8_t* data = NULL;
    size_t size = 0;
    CHECK_OK(baton_connection_next(connection, &event, &data, &size));
    if (event != BATON_EVENT_DATA) break;
    CHECK(filled + size < sizeof have);
    memcpy(have + filled, data, size);
    filled += size;
    CHECK_OK(baton_connection_consume(connection, size));
  }
  CHECK(event == BATON_EVENT_NEED_BYTES);
  have[filled] = 0;
  CHECK_TEXT(have, text);
}

void expect_passes(baton_connection* from, baton_connection* to, const char* text) {
  CHECK_OK(baton_connection_write(from, (const uint8_t*)text, strlen(text)));
  deliver(from, to);
  expect_text(to, text);
}

void expect_talk(const ends* both) {
  deliver(both->server, both->client);
  expect_text(both->client, "");
  expect_passes(both->client, both->server, "a request");
  expect_passes(both->server, both->client, "an answer");
  expect_passes(both->client, both->server, "and one more");
}

baton_seal* new_seal(const char* audience) {
  baton_key_ring* ring = NULL;
  baton_claims* claims = NULL;
  baton_seal* seal = NULL;
  CHECK_OK(baton_key_ring_new(1700000000, &ring));
  CHECK_OK(baton_claims_new_memory(100, &claims));
  CHECK_OK(baton_seal_new(ring, claims, audience, "handover", 60, 30, &seal));
  baton_key_ring_free(ring);
  baton_claims_free(claims);
  return seal;
}
