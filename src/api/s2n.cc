#include "baton/s2n.h"

#include "api/inside.h"
#include "base/error.h"
#include "serialization/s2n_v1.h"

namespace baton {
namespace {

constexpr const char* kOff = "s2n-tls's format is off: call Config::set_s2n_v1(true)";

// The setting promises that what we sent before stays closed. A KeyUpdate that we would make now could not be
// carried, so the caller makes it, and sends it.
bool lacks_rekey(const Connection::Inside& inside) {
  const tls::ConnectionState& state = inside.connection.state();
  return inside.settings.rekey && state.version() == ProtocolVersion::tls13 && state.write.sequence != 0;
}

std::optional<Error> obstacle_of(const Connection& connection) {
  const Connection::Inside& inside = connection.inside();
  if (!inside.settings.s2n_v1) return Error{ErrorCode::refused, kOff};
  if (const auto& failure = connection.failure()) {
    return Error{ErrorCode::refused, "the connection has failed: " + failure->reason};
  }
  auto can = serialization::can_write_s2n_v1(inside.connection.state(), inside.connection.in_flight());
  if (!can) return std::move(can.error());
  if (lacks_rekey(inside)) {
    return Error{ErrorCode::refused,
                 "rekey_before_serialize is set, and s2n-tls's format cannot carry a KeyUpdate that is not "
                 "sent: call update_keys() and send output() first"};
  }
  return std::nullopt;
}

}  // namespace

SerializationReadiness s2n_v1_readiness(const Connection& connection) {
  SerializationReadiness readiness = readiness_without_obstacle(connection);
  if (!connection.alive()) return readiness;
  readiness.obstacle = obstacle_of(connection);
  if (readiness.ready()) {
    readiness.length = serialization::s2n_v1_length(*connection.inside().connection.state().suite);
  }
  return readiness;
}

Result<SecretBuffer> serialize_s2n_v1_unprotected(Connection&& connection) {
  if (auto obstacle = s2n_v1_readiness(connection).obstacle) return tl::unexpected(std::move(*obstacle));
  Connection consumed = std::move(connection);
  auto state = std::move(consumed.inside().connection).into_state();
  if (!state) return pass_on(state);
  return serialization::serialize_s2n_v1_unprotected(std::move(*state));
}

Result<Connection> deserialize_s2n_v1_unprotected(ByteView bytes, const Config& config) {
  if (!config.s2n_v1()) return fail(ErrorCode::refused, kOff);
  const auto master_secret = config.keep_imported_master_secret() ? serialization::MasterSecret::kept
                                                                  : serialization::MasterSecret::wiped;
  auto state = serialization::deserialize_s2n_v1_unprotected(
      bytes, {config.role(), config.import_policy(), config.now()}, master_secret);
  if (!state) return pass_on(state);
  return make_connection(std::move(*state), ConnectionSettings(config));
}

}  // namespace baton
