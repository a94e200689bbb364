/* A TLS echo server in C whose process never holds the private key: a child process does each handshake and
 * hands the connection back.
 *
 *   handshake_in_a_child PORT CERTIFICATE KEY
 */
#include <signal.h>
#include <time.h>

#include "common/c.h"

/* In the child: reads certificate and key, shakes hands, and writes the connection's envelope to `parent`.
 * The end of the process frees everything. */
static void shake_hands(int client, char** argv, const baton_seal* seal, int parent) {
  baton_settings* settings;
  baton_config* config;
  baton_handshake* handshake;
  need(baton_settings_new(BATON_SERVER, &settings));
  need(baton_settings_add_certificate_files(settings, argv[2], argv[3]));
  need(baton_config_new(settings, &config));
  need(baton_config_set_serialization_version(config, BATON_SERIALIZATION_V1));
  need(baton_handshake_new(config, &handshake));
  baton_step step = BATON_STEP_NEED_BYTES;
  while (step == BATON_STEP_NEED_BYTES) {
    uint8_t buffer[16384];
    need(baton_handshake_advance(handshake, buffer, read_some(client, buffer, sizeof buffer), &step));
    size_t size;
    const uint8_t* output = baton_handshake_output(handshake, &size);
    write_all(client, output, size);
    need(baton_handshake_output_sent(handshake, size));
  }
  if (step == BATON_STEP_FAILED) fail(baton_handshake_failure(handshake, NULL, NULL));
  baton_connection* connection;
  baton_bytes* envelope;
  need(baton_handshake_connection(handshake, &connection));
  need(baton_serialize(connection, seal, &envelope));
  write_all(parent, baton_bytes_data(envelope), baton_bytes_size(envelope));
  exit(0);
}

static void echo(int client, baton_connection* connection) {
  uint8_t buffer[16384];
  baton_event event = BATON_EVENT_DATA;
  while (event == BATON_EVENT_DATA || event == BATON_EVENT_NEED_BYTES) {
    const uint8_t* bytes;
    size_t size;
    need(baton_connection_next(connection, &event, &bytes, &size));
    if (event == BATON_EVENT_DATA) {
      need(baton_connection_write(connection, bytes, size));
      need(baton_connection_consume(connection, size));
    } else if (event == BATON_EVENT_PEER_CLOSED) {
      need(baton_connection_close_write(connection));
    }
    bytes = baton_connection_output(connection, &size); /* after a failure, the alert */
    write_all(client, bytes, size);
    need(baton_connection_output_sent(connection, size));
    if (event == BATON_EVENT_NEED_BYTES) {
      need(baton_connection_feed(connection, buffer, read_some(client, buffer, sizeof buffer)));
    }
  }
}

/* In a process for each client. */
static void serve(int client, char** argv) {
  baton_key_ring* ring;
  baton_claims* claims;
  baton_seal* seal;
  need(baton_key_ring_new(time(NULL), &ring));
  need(baton_claims_new_memory(1, &claims));
  need(baton_seal_new(ring, claims, "parent", "handshake", 10, 0, &seal)); /* the child inherits it */
  int ends[2];
  if (pipe(ends) < 0) fail("pipe");
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) shake_hands(client, argv, seal, ends[1]);
  close(ends[1]);
  static uint8_t envelope[128 * 1024];
  const size_t size = read_to_end(ends[0], envelope, sizeof envelope);
  baton_config* config;
  baton_connection* connection;
  need(baton_config_continuing(BATON_SERVER, &config)); /* no certificate, no key */
  need(baton_deserialize(envelope, size, seal, config, &connection));
  echo(client, connection);
  exit(0);
}

int main(int argc, char** argv) {
  if (argc != 4) fail("usage: handshake_in_a_child PORT CERTIFICATE KEY");
  need(baton_start_library());
  signal(SIGCHLD, SIG_IGN); /* nobody waits for children */
  signal(SIGPIPE, SIG_IGN);
  const int listener = listen_on(argv[1]);
  for (;;) {
    const int client = accept_from(listener);
    if (client < 0) continue;
    if (fork() == 0) serve(client, argv);
    close(client);
  }
}
