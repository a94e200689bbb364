// From a handshake that libssl has completed to the ConnectionState that continues it.
#pragma once

#include <openssl/ssl.h>

#include "baton/config.h"
#include "handshake/handshake.h"
#include "handshake/record_inbox.h"
#include "handshake/traffic_keys.h"

namespace baton::handshake {

struct CompletedHandshake {
  tls::Role role;
  SSL* ssl;
  TrafficKeys tls13_keys;              // empty in TLS 1.2
  std::uint64_t tls13_written;         // records written behind our Finished
  const ProtectedRecords& tls12_read;  // without meaning in TLS 1.3
  const ProtectedRecords& tls12_written;
  std::string server_name;
  KeptMetadata keep;
};

// Takes the keys out of `completed`; the SSL keeps its own copies until it is freed.
Result<tls::ConnectionState> completed_state(CompletedHandshake completed);

// Fills in what is known at the end. The server name is the caller's.
void summarize(const SSL* ssl, const tls::ConnectionState& state, Summary& summary);

}  // namespace baton::handshake
