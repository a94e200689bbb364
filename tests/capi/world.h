/* What the C program needs that is no part of Baton's C interface: certificates, and a key store. */
#pragma once

#include "baton/baton.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SERVER_NAME "www.example.com"

/* PEM, for the whole life of the program. One certificate for SERVER_NAME and "app1.internal". */
const char* world_ca(void);
const char* world_chain(void);
const char* world_key(void);

/* What is kept of the chain that was added first. */
const char* world_kept_chain(const baton_settings* settings);
/* What is kept of the CA. */
const char* world_kept_ca(const baton_settings* settings);

/* The key store's end of a link. `tls`, a server's, is taken; NULL: without TLS. */
typedef struct world_key_store world_key_store;
world_key_store* world_key_store_new(baton_connection* tls);
void world_key_store_receive(world_key_store* store, const uint8_t* bytes, size_t size);
const uint8_t* world_key_store_output(world_key_store* store, size_t* size);
void world_key_store_output_sent(world_key_store* store, size_t count);
size_t world_key_store_established(world_key_store* store); /* handshakes, since the last call */
void world_key_store_free(world_key_store* store);

#ifdef __cplusplus
}
#endif
