/* Both ends of a connection, in memory. */
#pragma once

#include "baton/baton.h"

#define PEER_NAME "app1.internal" /* of the client's certificate */

typedef struct ends {
  baton_connection* server;
  baton_connection* client;
} ends;

/* With ALPN "h2", serialization version 1, and the peer's chain kept; `mutual`: with a client certificate. */
baton_config* new_server_config(int mutual);
baton_config* new_client_config(int version);
/* Only continues connections; serialization version 1. */
baton_config* new_continuing_config(int role);

/* What one handshake has to say goes to the other. True: there was something. */
int carry_handshake(baton_handshake* from, baton_handshake* to, baton_step* step);
ends shake_hands(const baton_config* server, const baton_config* client);
ends new_ends(int version);
void free_ends(ends* both);

void deliver(baton_connection* from, baton_connection* to);
/* Reads all that has come, which is `text`. */
void expect_text(baton_connection* connection, const char* text);
void expect_passes(baton_connection* from, baton_connection* to, const char* text);
/* Both ways. */
void expect_talk(const ends* both);

baton_seal* new_seal(const char* audience);
