// Handing on a connection of the public API, in the middle of another test.
#pragma once

#include "baton/serialize.h"
#include "settings.h"

namespace baton::test {

// Twice: unprotected, then sealed.
inline void hand_over(Connection& connection, const Config& config, const Seal& seal = the_seal()) {
  const SecretBuffer bytes = value_of(serialize_unprotected(std::move(connection)));
  connection = value_of(deserialize_unprotected(bytes, config));
  const Bytes envelope = value_of(serialize(std::move(connection), seal));
  connection = value_of(deserialize(envelope, seal, config));
}

}  // namespace baton::test
