// Clients that connect, ask once, and go: stock libssl, or plain TCP.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>

namespace baton::bench {

enum class Speech { plain, tls12, tls13 };

struct ClientSettings {
  std::uint16_t port = 0;
  Speech speech = Speech::tls13;
  bool resume = false;
  std::string server_name;
  std::string ca_file;
};

// One after the other; for one thread.
class Client {
 public:
  explicit Client(const ClientSettings& settings);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Done before the measurement: when sessions are to be resumed, gets one.
  void prepare();
  // A connection from its start to its end. Microseconds from before connecting to the answer's first byte.
  double run();

 private:
  struct FreeSession {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };

  double run_plain();
  double run_tls(bool resume);

  ClientSettings settings_;
  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<SSL_SESSION, FreeSession> session_;  // the newest
};

}  // namespace baton::bench
