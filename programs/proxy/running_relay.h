// What a session knows of the relay that carries its connection's data.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace baton::proxy {

// Why and how a connection ended, for its log line.
struct RelayResult {
  std::string reason;  // "closed", "client_truncated", "backend_failed", "tls_failure", "idle", …
  std::string detail;  // for people; may be empty
  std::uint64_t plaintext_in = 0;   // bytes from the client
  std::uint64_t plaintext_out = 0;  // bytes to the client
};

class RunningRelay {
 public:
  virtual ~RunningRelay() = default;

  // Ends it now, for example because it was idle for too long.
  virtual void end(std::string reason, std::string detail = {}) = 0;

  // Moves with every byte; the owner compares it with the clock.
  virtual std::chrono::steady_clock::time_point last_activity() const = 0;
  // One direction has ended, and the other has less patience to expect.
  virtual bool half_closed() const = 0;
  // The result is decided, and only a last alert is on its way to the client.
  virtual bool closing() const = 0;
};

}  // namespace baton::proxy
