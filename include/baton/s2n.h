// A live connection in the format of s2n-tls, and back: what s2n_connection_serialize() writes and
// s2n_connection_deserialize() reads, in its version 1 (S2N_SERIALIZED_CONN_V1). Read docs/s2n-tls.md first:
// it says what the format gives away, and that session tickets must be off at s2n-tls.
//
//   1. allow it:     config.set_s2n_v1(true);
//                    for TLS 1.2 also KeptMetadata::tls12_master_secret, before the handshake
//   2. ask:          s2n_v1_readiness(connection)
//   3. serialize:    serialize_s2n_v1_unprotected(std::move(connection))
//   4. deserialize:  deserialize_s2n_v1_unprotected(bytes, config)
//
// The format carries nothing that is in flight, no names and no certificates, and has neither a role nor a
// MAC. Between two Batons use serialize.h.
#pragma once

#include "baton/config.h"
#include "baton/connection.h"
#include "baton/export.h"

namespace baton {

// As Connection::serialization_readiness(), for this format: the obstacle is the one thing that it cannot
// carry, and says what to do. `refused`: Config::set_s2n_v1 is off; something is in flight; a direction is
// closed; a limit on the peer's records was negotiated; rekey_before_serialize is set and our key has
// protected records; TLS 1.2's master secret was not kept; the explicit nonces of TLS 1.2 with AES-GCM could
// meet those that s2n-tls will use. `limit_exceeded`: a direction has used up its sequence numbers.
BATON_EXPORT SerializationReadiness s2n_v1_readiness(const Connection& connection);

// Consumes the connection: afterwards it can send nothing, not even an alert (R1). Where it is not ready,
// nothing changes, and the caller may go on with it; after the error `crypto` it is gone. 126 or 174 bytes
// for TLS 1.3, 142 for TLS 1.2, in plaintext: the caller answers for secrecy, integrity and single use.
[[nodiscard]] BATON_EXPORT Result<SecretBuffer> serialize_s2n_v1_unprotected(Connection&& connection);
Result<SecretBuffer> serialize_s2n_v1_unprotected(Connection& connection) = delete;

// Continues the connection in the role of `config`, which the caller so states: the bytes have none, and with
// the wrong one both ends would send under one key. Within the import policy; the age of the connection is
// not known. Errors: refused (Config::set_s2n_v1 is off; a cipher suite that Baton does not carry),
// truncated, malformed (trailing bytes, too), unsupported_version (of the format, or of TLS), limit_exceeded,
// not_allowed, crypto.
[[nodiscard]] BATON_EXPORT Result<Connection> deserialize_s2n_v1_unprotected(ByteView bytes,
                                                                             const Config& config);

}  // namespace baton
