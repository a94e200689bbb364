#include "offload/takeover.h"

#include "serialization/serialization.h"

namespace baton::offload {

Result<Takeover> Takeover::begin(SecretBuffer serialized, const serialization::Import& import,
                                 tls::ConnectionOptions options) {
  auto state = serialization::deserialize_unprotected(serialized, import);
  serialized = SecretBuffer();  // one copy is enough while the client thinks (R6)
  if (!state) return pass_on(state);
  if (!state->handshake_time) state->handshake_time = import.now;
  std::string server_name = state->server_name;
  if (state->awaited) {
    auto reader = tls::FinishedReader::from_state(std::move(*state), options);
    if (!reader) return pass_on(reader);
    return Takeover(std::move(*reader), std::move(server_name));
  }
  auto connection = tls::Connection::from_state(std::move(*state), options);
  if (!connection) return pass_on(connection);
  return Takeover(std::move(*connection), std::move(server_name));
}

void Takeover::feed(ByteView ciphertext) {
  std::visit([ciphertext](auto& rest) { rest.feed(ciphertext); }, rest_);
}

tls::FinishedVerdict Takeover::next() {
  auto* reader = std::get_if<tls::FinishedReader>(&rest_);
  return reader != nullptr ? reader->next() : tls::FinishedVerified{};
}

Bytes Takeover::take_output() {
  auto* reader = std::get_if<tls::FinishedReader>(&rest_);
  return reader != nullptr ? reader->take_output() : Bytes();
}

Result<tls::Connection> Takeover::into_connection() && {
  if (auto* reader = std::get_if<tls::FinishedReader>(&rest_)) return std::move(*reader).into_connection();
  return std::get<tls::Connection>(std::move(rest_));
}

Outcome outcome_of(const tls::Failure& failure) {
  return {OutcomeKind::alert, failure.alert,
          failure.from_peer ? AlertFrom::client : AlertFrom::application_server};
}

FailureReason failure_reason_of(const tls::Failure& failure) {
  return failure.from_peer ? FailureReason::tls_alert_received : FailureReason::tls_alert_sent;
}

}  // namespace baton::offload
