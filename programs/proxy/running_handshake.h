// What a session knows of the handshake that goes on, wherever it is done; and what may come of it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "tls/connection.h"
#include "tls/limits.h"

namespace baton::proxy {

struct EstablishedClient {
  // Bytes that the client sent behind its handshake are inside. It is large, so it stays where it is.
  std::unique_ptr<tls::Connection> connection;
  std::size_t serialized_size;
  std::uint64_t relayed_in;   // bytes of the client that belonged to its handshake
  std::uint64_t relayed_out;  // bytes of the handshake for the client
  std::chrono::microseconds duration;
  bool early;             // it was handed over before the client's Finished
  bool hedged;            // two key stores were asked at once
  std::string key_store;  // its address; empty: none was needed
  bool local = false;     // this program did the handshake
};

// Why there is no connection. The client was told as far as TLS can tell it.
struct HandshakeFailure {
  std::string
      reason;  // for counting: "no_key_store", "client_gone", "timeout", "link_lost", "tls_alert_sent", …
  std::string detail;            // for people
  std::string server_name = {};  // empty when not known
  std::string alert = {};        // the TLS alert that was sent or received; empty: none
  bool refused = false;          // there was too much to do: a flood writes this once for each handshake
};

inline constexpr std::size_t kReadSize = std::size_t{4} * 1024;  // of a client in its handshake
// Behind its time a handshake ends by itself, unless it is writing to a client that does not read.
inline constexpr auto kGrace = std::chrono::milliseconds(500);

// Of the clients' connections.
inline tls::ConnectionOptions connection_options() {
  tls::ConnectionOptions options;
  options.small_records_up_to = tls::kSmallRecordsUpTo;
  return options;
}

class RunningHandshake {
 public:
  virtual ~RunningHandshake() = default;

  // Ends it now: the program stops.
  virtual void stop() = 0;
  // Ends what is far behind its time.
  virtual void expire(std::chrono::steady_clock::time_point now) = 0;
};

}  // namespace baton::proxy
