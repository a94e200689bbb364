#include "baton/serialize.h"

#include "baton/s2n.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/readiness.h"

namespace baton::capi {
namespace {

baton_readiness known_of(const SerializationReadiness& readiness) {
  return {0,
          readiness.length,
          readiness.unread_ciphertext,
          readiness.unread_plaintext,
          readiness.unsent_ciphertext,
          readiness.partial_handshake,
          readiness.key_update_owed ? 1 : 0};
}

Result<SecretBuffer> to_secret(Result<Bytes> bytes) {
  if (!bytes) return pass_on(bytes);
  return SecretBuffer(bytes->begin(), bytes->end());
}

}  // namespace
}  // namespace baton::capi

using namespace baton;
using namespace baton::capi;

baton_status baton_serialization_readiness(const baton_connection* connection, baton_readiness* readiness) {
  return guarded({needed(connection, "connection")}, [&] {
    SerializationReadiness ready = connection->value.serialization_readiness();
    return answer(readiness, known_of(ready), ready);
  });
}

baton_status baton_serialize(baton_connection* connection, const baton_seal* seal, baton_bytes** envelope) {
  return guarded({needed(connection, "connection"), needed(seal, "seal"), needed(envelope, "envelope")}, [&] {
    return give(envelope, to_secret(serialize(std::move(connection->value), seal->value)));
  });
}

baton_status baton_deserialize(const uint8_t* envelope, size_t size, const baton_seal* seal,
                               const baton_config* config, baton_connection** connection) {
  return guarded({bytes(envelope, size, "envelope"), needed(seal, "seal"), needed(config, "config"),
                  needed(connection, "connection")},
                 [&] {
                   return give(connection, deserialize({envelope, size}, seal->value, config->value));
                 });
}

baton_status baton_serialize_unprotected(baton_connection* connection, baton_bytes** bytes) {
  return guarded({needed(connection, "connection"), needed(bytes, "bytes")},
                 [&] { return give(bytes, serialize_unprotected(std::move(connection->value))); });
}

baton_status baton_deserialize_unprotected(const uint8_t* bytes, size_t size, const baton_config* config,
                                           baton_connection** connection) {
  return guarded(
      {capi::bytes(bytes, size, "bytes"), needed(config, "config"), needed(connection, "connection")}, [&] {
        return give(connection, deserialize_unprotected({bytes, size}, config->value));
      });
}

baton_status baton_s2n_v1_readiness(const baton_connection* connection, baton_readiness* readiness) {
  return guarded({needed(connection, "connection")}, [&] {
    SerializationReadiness ready = s2n_v1_readiness(connection->value);
    return answer(readiness, known_of(ready), ready);
  });
}

baton_status baton_serialize_s2n_v1_unprotected(baton_connection* connection, baton_bytes** bytes) {
  return guarded({needed(connection, "connection"), needed(bytes, "bytes")},
                 [&] { return give(bytes, serialize_s2n_v1_unprotected(std::move(connection->value))); });
}

baton_status baton_deserialize_s2n_v1_unprotected(const uint8_t* bytes, size_t size,
                                                  const baton_config* config, baton_connection** connection) {
  return guarded(
      {capi::bytes(bytes, size, "bytes"), needed(config, "config"), needed(connection, "connection")}, [&] {
        return give(connection, deserialize_s2n_v1_unprotected({bytes, size}, config->value));
      });
}
