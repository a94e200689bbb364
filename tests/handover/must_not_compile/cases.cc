// What the public API must not let through. CASE 0 is the same done right; check.cmake compiles each.
#include "baton/adopt.h"
#include "baton/handshake.h"
#include "baton/s2n.h"
#include "baton/serialize.h"

using baton::Connection;

void use(Connection connection, Connection other, baton::Handshake handshake, const baton::Seal& seal,
         baton::Config& config) {
#if CASE == 0
  Connection moved(std::move(connection));
  other = std::move(moved);
  baton::Result<baton::SecretBuffer> bytes = baton::serialize_unprotected(std::move(other));
  baton::Result<Connection> back = baton::deserialize_unprotected(*bytes, config);
  baton::Result<baton::Bytes> envelope = baton::serialize(std::move(*back), seal);
  baton::Result<Connection> again = baton::deserialize(*envelope, seal, config);
  baton::Result<baton::SecretBuffer> s2n = baton::serialize_s2n_v1_unprotected(std::move(*again));
  baton::Result<Connection> from_s2n = baton::deserialize_s2n_v1_unprotected(*s2n, config);
  baton::Result<Connection> fresh = std::move(handshake).connection();
#elif CASE == 1
  Connection copy(connection);
#elif CASE == 2
  other = connection;
#elif CASE == 3
  auto envelope = baton::serialize(connection, seal);
#elif CASE == 4
  auto bytes = baton::serialize_unprotected(connection);
#elif CASE == 5
  baton::serialize(std::move(connection), seal);
#elif CASE == 6
  baton::serialize_unprotected(std::move(connection));
#elif CASE == 7
  baton::deserialize({}, seal, config);
#elif CASE == 8
  baton::deserialize_unprotected({}, config);
#elif CASE == 9
  baton::Handshake copy(handshake);
#elif CASE == 10
  auto fresh = handshake.connection();
#elif CASE == 11
  connection.write({});
#elif CASE == 12
  auto bytes = baton::serialize_s2n_v1_unprotected(connection);
#elif CASE == 13
  baton::serialize_s2n_v1_unprotected(std::move(connection));
#elif CASE == 14
  baton::deserialize_s2n_v1_unprotected({}, config);
#elif CASE == 15
  adopt(nullptr, config);
#else
#error "no such case"
#endif
  // Each case uses some of them only.
  static_cast<void>(connection);
  static_cast<void>(other);
  static_cast<void>(handshake);
  static_cast<void>(seal);
  static_cast<void>(config);
}
