// What stands behind the public Connection and Config.
#pragma once

#include <memory>

#include "baton/config.h"
#include "baton/connection.h"
#include "handshake/client.h"
#include "handshake/server.h"
#include "tls/connection.h"

namespace baton {

UnixTime system_time();

struct Config::Endpoint {
  std::shared_ptr<const handshake::ServerEndpoint> server;
  std::shared_ptr<const handshake::Tenant> tenant;  // what every client of `server` gets
  std::shared_ptr<const handshake::ClientEndpoint> client;
};

Result<std::unique_ptr<handshake::Handshake>> start_handshake(const Config::Endpoint& endpoint);

// What a Config says about the connections that are made with it.
struct ConnectionSettings {
  explicit ConnectionSettings(const Config& config)
      : version(config.serialization_version()),
        rekey(config.rekey_before_serialize()),
        s2n_v1(config.s2n_v1()),
        options{{}, config.padding_block(), config.small_records_up_to()},
        clock(config.clock() ? config.clock() : system_time) {}

  SerializationVersion version;
  bool rekey;
  bool s2n_v1;
  tls::ConnectionOptions options;
  std::function<UnixTime()> clock;
};

struct Connection::Inside {
  tls::Connection connection;
  ConnectionSettings settings;
};

// What would move with the connection; an obstacle only where it is consumed.
SerializationReadiness readiness_without_obstacle(const Connection& connection);

// Builds the keys.
Result<Connection> make_connection(tls::ConnectionState state, ConnectionSettings settings);

// The same connection, whose output begins with what its handshake has not sent yet.
Result<Connection> with_unsent_in_front(Connection connection, ByteView unsent);

}  // namespace baton
