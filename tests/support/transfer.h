// transfer(): serializes a connection and goes on with what comes back. Called in the middle of other tests,
// it makes each of them a test of serialization too.
#pragma once

#include "serialization/serialization.h"
#include "support/states.h"

namespace baton::test {

inline void transfer(tls::Connection& connection, tls::ConnectionOptions options = {}) {
  auto state = std::move(connection).into_state();
  ASSERT_TRUE(state) << state.error().message;
  const auto version = serialization::SerializationVersion::v1;
  const std::size_t length = serialization::serialization_length(*state, version);
  auto blob = serialization::serialize_unprotected(std::move(*state), version);
  ASSERT_TRUE(blob) << blob.error().message;
  ASSERT_EQ(blob->size(), length);
  auto back = serialization::deserialize_unprotected(*blob);
  ASSERT_TRUE(back) << back.error().message;
  connection = connect(std::move(*back), options);
}

}  // namespace baton::test
