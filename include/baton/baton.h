/* Baton for C (C11) and for every language that calls C. docs/c-api.md shows the way; the C++ headers beside
 * this one say what each thing means, and nothing else holds here than there.
 *
 * Errors. What can fail returns a baton_status. baton_last_error() has the text of the last failure in this
 * thread; it never holds a secret. A call that fails has written nothing through its pointers, but for those
 * that ask for readiness: they fill in their struct also when they say why not. No exception leaves any call.
 * NULL where something is needed is BATON_INVALID_ARGUMENT.
 *
 * Ownership. Each `..._new`, `..._open` and so on gives a handle that its `..._free` destroys; NULL is
 * allowed there, secrets are wiped. A call that "takes" an object empties it: its handle answers
 * BATON_CONSUMED or nothing from then on, and is still to be freed. Handles do not refer to each other: they
 * may be freed in any order.
 *
 * Bytes go in by pointer and size, are used during the call only, and may be NULL when the size is 0. Bytes
 * that come out by `const uint8_t*` belong to the object, until the next call on it. Texts are UTF-8 with a
 * 0 behind them; those that come out stay until the same call on the same object, or its end.
 *
 * Threads. An object belongs to one thread at a time, a link and its handshakes to the same one. A
 * baton_config that nobody changes, a baton_seal and a baton_claims may be used by many at once.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "baton/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* OpenSSL's SSL and SSL_CTX. */
struct ssl_st;
struct ssl_ctx_st;

/* --- errors and the library itself ------------------------------------------------------------------- */

/* The numbers never change; more may come. baton::ErrorCode (error.h) says what they mean. */
typedef enum baton_status {
  BATON_OK = 0,
  BATON_INVALID_ARGUMENT = 1,
  BATON_TRUNCATED = 2,
  BATON_MALFORMED = 3,
  BATON_UNSUPPORTED_VERSION = 4,
  BATON_UNKNOWN_FIELD = 5,
  BATON_REFUSED = 6,
  BATON_LIMIT_EXCEEDED = 7,
  BATON_CONSUMED = 8,
  BATON_CRYPTO = 9,
  BATON_IO = 10,
  BATON_WRONG_ROLE = 11,
  BATON_NOT_ALLOWED = 12,
  BATON_UNKNOWN_KEY = 13,
  BATON_BAD_SEAL = 14,
  BATON_WRONG_AUDIENCE = 15,
  BATON_WRONG_PURPOSE = 16,
  BATON_EXPIRED = 17,
  BATON_NOT_YET_VALID = 18,
  BATON_ALREADY_CLAIMED = 19,
  BATON_NO_MEMORY = 100,
  BATON_INTERNAL = 101 /* a fault in Baton */
} baton_status;

/* "already_claimed" and so on; "unknown" for other numbers. */
BATON_EXPORT const char* baton_status_name(int status);
/* Never NULL; "" before the first failure. Until the next failure in this thread. */
BATON_EXPORT const char* baton_last_error(void);
/* Of the library that runs: "0.1.0". */
BATON_EXPORT const char* baton_version(void);
/* library.h: for programs that own their process, first thing in main. */
BATON_EXPORT baton_status baton_start_library(void);

/* Bytes that Baton owns; they are wiped when they are freed. */
typedef struct baton_bytes baton_bytes;
BATON_EXPORT const uint8_t* baton_bytes_data(const baton_bytes* bytes);
BATON_EXPORT size_t baton_bytes_size(const baton_bytes* bytes);
BATON_EXPORT void baton_bytes_free(baton_bytes* bytes);

/* --- configuration (config.h) ------------------------------------------------------------------------ */

enum { BATON_SERVER = 0, BATON_CLIENT = 1 };                       /* role */
enum { BATON_TLS12 = 0x0303, BATON_TLS13 = 0x0304 };               /* protocol version */
enum { BATON_SERIALIZATION_NONE = 0, BATON_SERIALIZATION_V1 = 1 }; /* serialization version */

/* How much is kept of the peer's verified certificate. */
enum { BATON_PEER_NONE = 0, BATON_PEER_DIGEST = 1, BATON_PEER_CHAIN = 2 };
/* What else is kept: bits. baton::KeptMetadata says what each of them costs. */
enum { BATON_KEEP_EXPORTER_SECRET = 1, BATON_KEEP_TLS12_MASTER_SECRET = 2 };

/* What a configuration that does handshakes is made of. */
typedef struct baton_settings baton_settings;
BATON_EXPORT baton_status baton_settings_new(int role, baton_settings** settings);
BATON_EXPORT void baton_settings_free(baton_settings* settings);

/* A chain in PEM, leaf first, and its private key. A server may have several, one per kind of key. The caller
 * wipes its own copy of the key. The second form reads files of at most 1 MiB, which may be one and the same:
 * of a chain only the certificates are kept. */
BATON_EXPORT baton_status baton_settings_add_certificate(baton_settings* settings, const uint8_t* chain_pem,
                                                         size_t chain_size, const uint8_t* key_pem,
                                                         size_t key_size);
BATON_EXPORT baton_status baton_settings_add_certificate_files(baton_settings* settings,
                                                               const char* chain_path, const char* key_path);
/* Whom to trust, in PEM. A server that has it demands a client certificate; a client without it trusts the
 * system's. What is empty is BATON_INVALID_ARGUMENT, for it would turn that off; without a certificate in it
 * BATON_MALFORMED. */
BATON_EXPORT baton_status baton_settings_set_ca(baton_settings* settings, const uint8_t* ca_pem, size_t size);
BATON_EXPORT baton_status baton_settings_set_ca_file(baton_settings* settings, const char* path);
/* A client's: sent as SNI and verified. */
BATON_EXPORT baton_status baton_settings_set_server_name(baton_settings* settings, const char* name);
/* The oldest and the newest TLS version that is spoken. */
BATON_EXPORT baton_status baton_settings_set_versions(baton_settings* settings, int min_version,
                                                      int max_version);
/* In order of preference: IANA's name; OpenSSL's name; a protocol name such as "h2". */
BATON_EXPORT baton_status baton_settings_add_cipher_suite(baton_settings* settings, const char* name);
BATON_EXPORT baton_status baton_settings_add_group(baton_settings* settings, const char* name);
BATON_EXPORT baton_status baton_settings_add_alpn(baton_settings* settings, const char* protocol);
/* A server's: 80 secret bytes that servers share which resume each other's sessions. Not empty. */
BATON_EXPORT baton_status baton_settings_set_ticket_keys(baton_settings* settings, const uint8_t* keys,
                                                         size_t size);
/* `peer`: BATON_PEER_...; `keep`: BATON_KEEP_... */
BATON_EXPORT baton_status baton_settings_keep(baton_settings* settings, int peer, unsigned keep);

/* What connections are made with, and what may become of them. */
typedef struct baton_config baton_config;
/* Loads and checks. The settings stay as they are. */
BATON_EXPORT baton_status baton_config_new(const baton_settings* settings, baton_config** config);
/* For connections that another process has established: no certificate, no key. */
BATON_EXPORT baton_status baton_config_continuing(int role, baton_config** config);
/* What was made with it goes on. */
BATON_EXPORT void baton_config_free(baton_config* config);

/* As baton::Config has them; each says there what it costs. */
BATON_EXPORT baton_status baton_config_set_serialization_version(baton_config* config, int version);
BATON_EXPORT baton_status baton_config_set_rekey_before_serialize(baton_config* config, int on);
BATON_EXPORT baton_status baton_config_set_s2n_v1(baton_config* config, int on);
BATON_EXPORT baton_status baton_config_set_keep_imported_master_secret(baton_config* config, int on);
BATON_EXPORT baton_status baton_config_set_padding_block(baton_config* config, uint16_t bytes);
BATON_EXPORT baton_status baton_config_set_small_records_up_to(baton_config* config, uint32_t bytes);
/* What is accepted from another process (import_policy.h). `max_age` in seconds, negative: no bound;
 * `max_size` in bytes, 0: the default. The second adds a cipher suite to those that are allowed; with none,
 * all are. */
BATON_EXPORT baton_status baton_config_set_import_policy(baton_config* config, int min_version,
                                                         int64_t max_age, size_t max_size);
BATON_EXPORT baton_status baton_config_import_cipher_suite(baton_config* config, const char* name);
/* Seconds since 1970. Called in the thread that needs the time, perhaps in several at once, also by
 * connections that outlive the configuration. NULL: the system's clock. */
typedef int64_t (*baton_clock)(void* argument);
BATON_EXPORT baton_status baton_config_set_clock(baton_config* config, baton_clock clock, void* argument);

/* --- handshakes (handshake.h), here or at a key store ------------------------------------------------ */

/* A handshake, and the connection that it becomes. */
typedef struct baton_handshake baton_handshake;
typedef struct baton_connection baton_connection;

/* What a step came to. */
typedef enum baton_step {
  BATON_STEP_NEED_BYTES = 0,
  BATON_STEP_COMPLETE = 1,
  BATON_STEP_FAILED = 2
} baton_step;

/* Here, with the certificates of `config`. */
BATON_EXPORT baton_status baton_handshake_new(const baton_config* config, baton_handshake** handshake);
/* Sends nothing. */
BATON_EXPORT void baton_handshake_free(baton_handshake* handshake);

/* Takes bytes of the peer; a client's first call has none. A handshake that fails is no failure of the call:
 * `step` says so. */
BATON_EXPORT baton_status baton_handshake_advance(baton_handshake* handshake, const uint8_t* bytes,
                                                  size_t size, baton_step* step);
/* How many bytes it takes now: SIZE_MAX, but for one that runs at a key store (offload.h). */
BATON_EXPORT size_t baton_handshake_room(const baton_handshake* handshake);
/* For the peer, also after it has failed: an alert. What was not sent moves into the connection. */
BATON_EXPORT const uint8_t* baton_handshake_output(baton_handshake* handshake, size_t* size);
BATON_EXPORT baton_status baton_handshake_output_sent(baton_handshake* handshake, size_t count);

/* Why it failed; NULL when it has not. `alert` is TLS's number; both pointers may be NULL. */
BATON_EXPORT const char* baton_handshake_failure(baton_handshake* handshake, int* alert, int* from_peer);
/* At a key store: the same in one word, to count by; otherwise NULL. */
BATON_EXPORT const char* baton_handshake_failure_kind(baton_handshake* handshake);
/* The ClientHello's; NULL: none, or not known. */
BATON_EXPORT const char* baton_handshake_server_name(baton_handshake* handshake);
/* The names in the peer's verified certificate, from index 0; NULL behind the last one. */
BATON_EXPORT const char* baton_handshake_peer_name(baton_handshake* handshake, size_t index);

/* After BATON_STEP_COMPLETE; takes the handshake. */
BATON_EXPORT baton_status baton_handshake_connection(baton_handshake* handshake,
                                                     baton_connection** connection);

/* --- connections (connection.h) ---------------------------------------------------------------------- */

/* Sends nothing. */
BATON_EXPORT void baton_connection_free(baton_connection* connection);

/* Bytes of the peer, with a copy; or read into `space` of `size` bytes, and tell how many came, also 0. */
BATON_EXPORT baton_status baton_connection_feed(baton_connection* connection, const uint8_t* bytes,
                                                size_t size);
BATON_EXPORT baton_status baton_connection_receive_space(baton_connection* connection, size_t at_least,
                                                         uint8_t** space, size_t* size);
BATON_EXPORT baton_status baton_connection_received(baton_connection* connection, size_t count);

/* What baton_connection_next() has found. */
typedef enum baton_event {
  BATON_EVENT_NEED_BYTES = 0,  /* `size`: at least so many more */
  BATON_EVENT_DATA = 1,        /* `data`, `size`: plaintext, until the next receiving call */
  BATON_EVENT_PEER_CLOSED = 2, /* close_notify */
  BATON_EVENT_FAILED = 3       /* see baton_connection_failure(); output may hold an alert */
} baton_event;

/* Opens records until there is something to say. Repeats data until it is consumed. */
BATON_EXPORT baton_status baton_connection_next(baton_connection* connection, baton_event* event,
                                                const uint8_t** data, size_t* size);
/* Takes `count` bytes of the data. */
BATON_EXPORT baton_status baton_connection_consume(baton_connection* connection, size_t count);

/* Seals all of it. */
BATON_EXPORT baton_status baton_connection_write(baton_connection* connection, const uint8_t* plaintext,
                                                 size_t size);
/* It has rested: the next records are small again (baton_config_set_small_records_up_to). */
BATON_EXPORT void baton_connection_after_idle(baton_connection* connection);
/* close_notify; reading goes on. */
BATON_EXPORT baton_status baton_connection_close_write(baton_connection* connection);
/* A fatal alert, by its number. `reason` is for the operator; may be NULL. */
BATON_EXPORT baton_status baton_connection_abort(baton_connection* connection, int alert, const char* reason);
/* TLS 1.3: a KeyUpdate, which asks the peer for one when `request_peer` is not 0. */
BATON_EXPORT baton_status baton_connection_update_keys(baton_connection* connection, int request_peer);

/* For the peer; and how much of it was sent. */
BATON_EXPORT const uint8_t* baton_connection_output(baton_connection* connection, size_t* size);
BATON_EXPORT baton_status baton_connection_output_sent(baton_connection* connection, size_t count);

/* What is known. The texts are NULL when there is none, or it is not known. */
BATON_EXPORT int baton_connection_alive(const baton_connection* connection);
BATON_EXPORT int baton_connection_role(const baton_connection* connection);             /* -1: consumed */
BATON_EXPORT int baton_connection_protocol_version(const baton_connection* connection); /* 0: consumed */
BATON_EXPORT const char* baton_connection_cipher_suite(baton_connection* connection);
BATON_EXPORT const char* baton_connection_group(baton_connection* connection);
BATON_EXPORT const char* baton_connection_server_name(baton_connection* connection);
BATON_EXPORT const char* baton_connection_alpn(baton_connection* connection);
BATON_EXPORT int baton_connection_resumed(const baton_connection* connection);            /* -1: not known */
BATON_EXPORT int64_t baton_connection_handshake_time(const baton_connection* connection); /* -1: not known */
/* SHA-256 of the peer's leaf certificate. BATON_REFUSED: not known. */
BATON_EXPORT baton_status baton_connection_peer_certificate_digest(const baton_connection* connection,
                                                                   uint8_t digest[32]);
/* The peer's certificates in DER, leaf first, from index 0; NULL behind the last one. */
BATON_EXPORT const uint8_t* baton_connection_peer_certificate(const baton_connection* connection,
                                                              size_t index, size_t* size);
/* Why it is over; NULL when it is not. */
BATON_EXPORT const char* baton_connection_failure(baton_connection* connection, int* alert, int* from_peer);
/* TLS 1.3's exporter: whether it can answer; and its answer, which fills `out`. */
BATON_EXPORT int baton_connection_can_export_keying_material(const baton_connection* connection);
BATON_EXPORT baton_status baton_connection_export_keying_material(const baton_connection* connection,
                                                                  const char* label, const uint8_t* context,
                                                                  size_t context_size, uint8_t* out,
                                                                  size_t out_size);

/* --- key rings, claims and seals (seal.h) ------------------------------------------------------------ */

/* The keys of seals (key_ring.h). */
typedef struct baton_key_ring baton_key_ring;
enum { BATON_KEY_NEXT = 0, BATON_KEY_CURRENT = 1, BATON_KEY_PREVIOUS = 2 }; /* state of a key */

/* `now` in seconds since 1970. */
BATON_EXPORT baton_status baton_key_ring_new(int64_t now, baton_key_ring** ring);
/* `source`: a file name for errors; may be NULL. */
BATON_EXPORT baton_status baton_key_ring_parse_unprotected(const uint8_t* text, size_t size,
                                                           const char* source, baton_key_ring** ring);
/* Whoever holds the text can open and forge envelopes. */
BATON_EXPORT baton_status baton_key_ring_to_text_unprotected(const baton_key_ring* ring, baton_bytes** text);
/* As baton::KeyRing has them. */
BATON_EXPORT baton_status baton_key_ring_rotate(baton_key_ring* ring, int64_t now);
BATON_EXPORT baton_status baton_key_ring_retire(baton_key_ring* ring, const char* id);
/* A key, newest first, from index 0: NULL behind the last one. Its id; the pointers may be NULL. */
BATON_EXPORT const char* baton_key_ring_key(baton_key_ring* ring, size_t index, int* state, int64_t* created);
/* Seals keep their copies. */
BATON_EXPORT void baton_key_ring_free(baton_key_ring* ring);

/* Where single-use ids are spent (claim_store.h). */
typedef struct baton_claims baton_claims;
/* In the memory of this process. `capacity`: most ids; 0: about a million. */
BATON_EXPORT baton_status baton_claims_new_memory(size_t capacity, baton_claims** claims);
/* A store of your own (claim_store.h says what it owes). `claim` spends an id: BATON_OK for exactly one of
 * all calls with the same id, BATON_ALREADY_CLAIMED, BATON_EXPIRED, or BATON_IO when it cannot tell; every
 * other number counts as BATON_IO. Called in the thread that deserializes, so perhaps in several at once.
 * `destroy`, which may be NULL, is called once, when the last seal that uses it has gone. */
typedef int (*baton_claim)(void* argument, const uint8_t id[16], int64_t expires_at, int64_t now);
BATON_EXPORT baton_status baton_claims_new(baton_claim claim, void (*destroy)(void* argument), void* argument,
                                           baton_claims** claims);
/* Seals that use it keep it. */
BATON_EXPORT void baton_claims_free(baton_claims* claims);

/* Whom and what an envelope is for, and under which keys. */
typedef struct baton_seal baton_seal;
/* Copies the ring, and shares the claims. `lifetime` and `max_clock_skew` in seconds. */
BATON_EXPORT baton_status baton_seal_new(const baton_key_ring* ring, const baton_claims* claims,
                                         const char* audience, const char* purpose, int64_t lifetime,
                                         int64_t max_clock_skew, baton_seal** seal);
/* Wipes its copy of the ring. */
BATON_EXPORT void baton_seal_free(baton_seal* seal);

/* --- serialization (serialize.h, s2n.h) -------------------------------------------------------------- */

/* What would move with a connection. Set `struct_size` to sizeof(baton_readiness) before the call; fields
 * that the library knows and this struct does not have are left out. */
typedef struct baton_readiness {
  size_t struct_size;       /* of the caller's struct */
  size_t length;            /* bytes of the serialized form; 0 when nothing would be written, or not known */
  size_t unread_ciphertext; /* bytes of the peer that were not opened, as far as they have come */
  size_t unread_plaintext;  /* bytes of data that were not consumed */
  size_t unsent_ciphertext; /* bytes of output that were not sent */
  size_t partial_handshake; /* bytes of a post-handshake message that has come in part */
  int key_update_owed;      /* the peer waits for a KeyUpdate */
} baton_readiness;

/* BATON_OK: it can be serialized now. Otherwise why not. `readiness`, which may be NULL, is filled in for
 * both. */
BATON_EXPORT baton_status baton_serialization_readiness(const baton_connection* connection,
                                                        baton_readiness* readiness);

/* Sealed: the default. Takes the connection; where it is not ready, nothing has changed. */
BATON_EXPORT baton_status baton_serialize(baton_connection* connection, const baton_seal* seal,
                                          baton_bytes** envelope);
/* Opens an envelope, once. */
BATON_EXPORT baton_status baton_deserialize(const uint8_t* envelope, size_t size, const baton_seal* seal,
                                            const baton_config* config, baton_connection** connection);

/* The same in plaintext: whoever has these bytes has the connection. */
BATON_EXPORT baton_status baton_serialize_unprotected(baton_connection* connection, baton_bytes** bytes);
BATON_EXPORT baton_status baton_deserialize_unprotected(const uint8_t* bytes, size_t size,
                                                        const baton_config* config,
                                                        baton_connection** connection);

/* s2n-tls's format, version 1: read docs/s2n-tls.md first. */
BATON_EXPORT baton_status baton_s2n_v1_readiness(const baton_connection* connection,
                                                 baton_readiness* readiness);
BATON_EXPORT baton_status baton_serialize_s2n_v1_unprotected(baton_connection* connection,
                                                             baton_bytes** bytes);
BATON_EXPORT baton_status baton_deserialize_s2n_v1_unprotected(const uint8_t* bytes, size_t size,
                                                               const baton_config* config,
                                                               baton_connection** connection);

/* --- adopting connections of stock OpenSSL (adopt.h) ------------------------------------------------- */

/* As SSL_CTX_set_msg_callback(3) takes it. */
typedef void (*baton_ssl_message_callback)(int written, int version, int content_type, const void* data,
                                           size_t size, struct ssl_st* ssl, void* argument);

/* Once for a context, before its first SSL_new(). `message_callback` is the program's own; NULL: none. */
BATON_EXPORT baton_status baton_attach(struct ssl_ctx_st* context, int peer, unsigned keep,
                                       baton_ssl_message_callback message_callback);
/* Only for an SSL that has an info callback of its own. */
BATON_EXPORT baton_status baton_watch(struct ssl_st* ssl);
/* BATON_OK: it can be adopted now. Otherwise why not. `readiness`, which may be NULL, is filled in for both.
 */
BATON_EXPORT baton_status baton_adoption_readiness(const struct ssl_st* ssl, baton_readiness* readiness);
/* Takes the connection out of `ssl`, which is good for SSL_free() only from then on. */
BATON_EXPORT baton_status baton_adopt(struct ssl_st* ssl, const baton_config* config,
                                      baton_connection** connection);

/* --- the application server's end of a link (offload.h) ---------------------------------------------- */

/* A link to a key store. */
typedef struct baton_link baton_link;

/* Over mutual TLS 1.3: takes the connection, a client's that keeps the peer's certificate
 * (BATON_PEER_DIGEST). `software`: what the key store logs, NULL: "baton". `max_in_flight`: handshakes at one
 * time, 0: the default. The second form leaves secrecy and authenticity to the caller: its bytes hold traffic
 * secrets in the clear. */
BATON_EXPORT baton_status baton_link_new(baton_connection* connection, const char* software,
                                         uint32_t max_in_flight, baton_link** link);
BATON_EXPORT baton_status baton_link_new_unprotected(const char* software, uint32_t max_in_flight,
                                                     baton_link** link);
/* As baton_link_end(). */
BATON_EXPORT void baton_link_free(baton_link* link);

/* What the key store sent, which may hold secrets where the link is unprotected; an error is final. What is
 * for it: take it until it is empty. */
BATON_EXPORT baton_status baton_link_receive(baton_link* link, const uint8_t* bytes, size_t size);
BATON_EXPORT const uint8_t* baton_link_output(baton_link* link, size_t* size);
BATON_EXPORT baton_status baton_link_output_sent(baton_link* link, size_t count);

/* What the key store is told of a client. Set it to zeros, then `struct_size` to
 * sizeof(baton_offload_request), then what is known. */
typedef struct baton_offload_request {
  size_t struct_size;    /* of the caller's struct */
  uint8_t client_ip[16]; /* IPv4 as ::ffff:a.b.c.d */
  uint16_t client_port;  /* 0: unknown */
  const char* listener;  /* NULL: none */
  uint8_t trace_id[16];  /* the caller's choice */
  uint32_t deadline_ms;  /* 0: 10 seconds */
  /* Called inside of calls on the link when baton_handshake_advance() without bytes would have news. It only
   * notes that, and calls nothing of Baton. May be NULL. */
  void (*on_news)(void* argument);
  void* argument;
} baton_offload_request;

/* A handshake at the key store; `request` may be NULL. */
BATON_EXPORT baton_status baton_link_open(baton_link* link, const baton_config* config,
                                          const baton_offload_request* request, baton_handshake** handshake);

/* As baton::LinkToKeyStore has them. */
BATON_EXPORT int baton_link_ready(const baton_link* link);
BATON_EXPORT int baton_link_going_away(const baton_link* link);
BATON_EXPORT baton_status baton_link_go_away(baton_link* link, const char* reason);
BATON_EXPORT int baton_link_finished(const baton_link* link);
/* NULL as long as it has not ended. */
BATON_EXPORT const char* baton_link_end_reason(const baton_link* link);
/* Handshakes that have not ended; asks the key store for a sign of life; how many it owes. */
BATON_EXPORT size_t baton_link_in_flight(const baton_link* link);
BATON_EXPORT baton_status baton_link_ping(baton_link* link);
BATON_EXPORT size_t baton_link_unanswered_pings(const baton_link* link);
/* The stream is gone. `reason` may be NULL. */
BATON_EXPORT baton_status baton_link_end(baton_link* link, const char* reason);

#ifdef __cplusplus
}
#endif
