// From a HANDOFF to the connection: the application server's last steps.
#pragma once

#include <string>
#include <variant>

#include "base/secret.h"
#include "offload/frames.h"
#include "serialization/import.h"
#include "tls/finished_reader.h"

namespace baton::offload {

// Sans-I/O; for one thread. Send the HANDOFF's server_bytes once begin() has succeeded; then feed() and
// next() until it says something other than NeedBytes, and report() what it came to.
class Takeover {
 public:
  // Decodes and checks all of it and builds the keys, before the client is sent anything that only they fit
  // (R5, R8). A handshake whose time is not known was now. The bytes are wiped. Errors: those of
  // serialization::deserialize_unprotected(), and crypto.
  static Result<Takeover> begin(SecretBuffer serialized, const serialization::Import& import,
                                tls::ConnectionOptions options);

  // It awaits the client's Finished.
  bool early() const { return std::holds_alternative<tls::FinishedReader>(rest_); }
  const std::string& server_name() const { return server_name_; }

  // Bytes of the client behind what the key store's handshake has consumed (R2).
  void feed(ByteView ciphertext);
  // FinishedVerified at once where the client's Finished is not awaited.
  tls::FinishedVerdict next();
  // For the client, after a Failure: an alert.
  Bytes take_output();

  // After FinishedVerified. What stood behind the Finished is inside.
  [[nodiscard]] Result<tls::Connection> into_connection() &&;

 private:
  using Rest = std::variant<tls::FinishedReader, tls::Connection>;
  Takeover(Rest rest, std::string server_name)
      : rest_(std::move(rest)), server_name_(std::move(server_name)) {}

  Rest rest_;
  std::string server_name_;
};

// What the key store is told of a client whose answer was an alert, or not its Finished.
Outcome outcome_of(const tls::Failure& failure);
// The same as the reason of a handshake that failed here.
FailureReason failure_reason_of(const tls::Failure& failure);

}  // namespace baton::offload
