#include "baton/serialize.h"

#include "api/inside.h"
#include "base/error.h"
#include "serialization/sealed.h"
#include "serialization/serialization.h"

namespace baton {
namespace {

// Takes the state out, once nothing stands in the way any more.
Result<tls::ConnectionState> give_away(Connection& connection) {
  if (auto obstacle = connection.serialization_readiness().obstacle) {
    return tl::unexpected(std::move(*obstacle));
  }
  tls::Connection& inside = connection.inside().connection;
  if (connection.inside().settings.rekey) {
    if (auto rekeyed = inside.rekey_before_handover(); !rekeyed) return pass_on(rekeyed);
  }
  const Connection consumed = std::move(connection);
  return std::move(inside).into_state();
}

serialization::Import import_for(const Config& config) {
  return {config.role(), config.import_policy(), config.now()};
}

Result<Connection> continue_with(Result<tls::ConnectionState> state, const Config& config) {
  if (!state) return pass_on(state);
  return make_connection(std::move(*state), ConnectionSettings(config));
}

}  // namespace

std::size_t serialization_length(const Connection& connection) {
  if (!connection.alive()) return 0;
  const auto& [inside, settings] = connection.inside();
  tls::InFlight moving = inside.in_flight();
  if (settings.rekey) moving.unsent_ciphertext += inside.rekey_size();
  return serialization::serialization_length(inside.state(), moving, settings.version);
}

Result<SecretBuffer> serialize_unprotected(Connection&& connection) {
  const SerializationVersion version =
      connection.alive() ? connection.inside().settings.version : SerializationVersion::none;
  auto state = give_away(connection);
  if (!state) return pass_on(state);
  return serialization::serialize_unprotected(std::move(*state), version);
}

Result<Bytes> serialize(Connection&& connection, const Seal& seal) {
  if (!connection.alive()) return tl::unexpected(*connection.serialization_readiness().obstacle);
  const SerializationVersion version = connection.inside().settings.version;
  const UnixTime now = connection.inside().settings.clock();
  if (auto can = serialization::can_seal(seal, now); !can) return pass_on(can);
  auto state = give_away(connection);
  if (!state) return pass_on(state);
  return serialization::seal(std::move(*state), version, seal, now);
}

Result<Connection> deserialize_unprotected(ByteView bytes, const Config& config) {
  return continue_with(serialization::deserialize_unprotected(bytes, import_for(config)), config);
}

Result<Connection> deserialize(ByteView bytes, const Seal& seal, const Config& config) {
  return continue_with(serialization::open(bytes, seal, import_for(config)), config);
}

}  // namespace baton
