// From a handshake that libssl has completed to the ConnectionState that continues it.
#pragma once

#include <openssl/ssl.h>

#include "baton/config.h"
#include "handshake/handshake.h"
#include "handshake/traffic_keys.h"

namespace baton::handshake {

// What the keys have protected.
struct RecordCounts {
  std::uint64_t read = 0;
  std::uint64_t written = 0;
  std::uint64_t last_explicit_nonce =
      0;  // of the last one written; where the suite has none, without meaning
};

struct CompletedHandshake {
  tls::Role role;
  SSL* ssl;
  TrafficKeys tls13_keys;  // empty in TLS 1.2
  RecordCounts records;
  std::string server_name;
  KeptMetadata keep;
};

// Takes the keys out of `completed`; the SSL keeps its own copies until it is freed.
Result<tls::ConnectionState> completed_state(CompletedHandshake completed);

// Fills in what is known at the end. The server name is the caller's.
void summarize(const SSL* ssl, const tls::ConnectionState& state, Summary& summary);

}  // namespace baton::handshake
