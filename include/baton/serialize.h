// A live connection as bytes, and back.
//
//   1. set a version:   config.set_serialization_version(SerializationVersion::v1);
//   2. ask the length:  serialization_length(connection)
//   3. serialize:       serialize(std::move(connection), seal)
//   4. deserialize:     deserialize(bytes, seal, config)
//
// The handshake must be done, and nothing else: records that have come in part, plaintext that was not read,
// ciphertext that was not sent, a KeyUpdate that is owed and half a post-handshake message move with the
// connection, in both roles.
//
// The bytes stand for the live connection: whoever has them in plaintext can read and forge it, and two
// copies that both go on use nonces twice. So the default calls seal them for one audience, one purpose, a
// short time and a single use (seal.h). The calls with `unprotected` in their names do not: the caller then
// answers for secrecy, integrity and single use, for example by a TLS connection or a socket between
// processes.
#pragma once

#include "baton/config.h"
#include "baton/connection.h"
#include "baton/export.h"
#include "baton/seal.h"

namespace baton {

// Bytes that serialize_unprotected() would give now, a KeyUpdate of rekey_before_serialize included; 0 when
// no serialization version is set. An envelope of serialize() is larger, so that its size tells little: 1090
// bytes, or, for more than some 900, less than 2.3 times the length.
BATON_EXPORT std::size_t serialization_length(const Connection& connection);

// Both consume the connection: afterwards it can send nothing, not even an alert (R1). Where the connection
// is not ready (Connection::serialization_readiness), or the clock is outside of the years 1970 to 9999
// (invalid_argument), they change nothing, and the caller may go on with it; after the error `crypto` it is
// gone. An unsealed form is wiped by SecretBuffer.
[[nodiscard]] BATON_EXPORT Result<Bytes> serialize(Connection&& connection, const Seal& seal);
[[nodiscard]] BATON_EXPORT Result<SecretBuffer> serialize_unprotected(Connection&& connection);

// A lvalue cannot be serialized: std::move() says that it is given away.
Result<Bytes> serialize(Connection& connection, const Seal& seal) = delete;
Result<SecretBuffer> serialize_unprotected(Connection& connection) = delete;

// Continues the connection, in the role of `config` and within its import policy. Everything is decoded and
// checked before a key is built; a sealed connection is claimed after all other checks, so one that is
// refused is not spent. Options of `config` hold for the new connection.
//
// Errors of both: truncated, malformed, unsupported_version ("cannot read serialization version N, newest
// known is M"), unknown_field, limit_exceeded, wrong_role, not_allowed, not_yet_valid, crypto. Of the sealed
// form also: unknown_key, bad_seal, wrong_audience, wrong_purpose, expired, already_claimed, and what the
// claim store says.
[[nodiscard]] BATON_EXPORT Result<Connection> deserialize(ByteView bytes, const Seal& seal,
                                                          const Config& config);
[[nodiscard]] BATON_EXPORT Result<Connection> deserialize_unprotected(ByteView bytes, const Config& config);

}  // namespace baton
