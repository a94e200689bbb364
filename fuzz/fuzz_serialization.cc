// Format v1: whatever decodes must encode to the very same bytes, and must give a connection, or the
// reader of the Finished that it awaits.
#include <algorithm>
#include <cstdlib>

#include "crypto/nonce_recorder.h"
#include "serialization/serialization.h"
#include "tls/connection.h"
#include "tls/finished_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace baton;
  const ByteView input(data, size);
  auto state = serialization::deserialize_unprotected(input);
  if (!state) return 0;
  const std::size_t length =
      serialization::serialization_length(*state, serialization::SerializationVersion::v1);
  if (length != size) std::abort();
  auto again =
      serialization::serialize_unprotected(std::move(*state), serialization::SerializationVersion::v1);
  if (!again || !std::ranges::equal(*again, input)) std::abort();
  tls::ConnectionState same = std::move(*serialization::deserialize_unprotected(input));
  if (same.awaited) {
    if (!tls::FinishedReader::from_state(std::move(same))) std::abort();
    return 0;
  }
  auto connection = tls::Connection::from_state(std::move(same));
  if (!connection) std::abort();
  while (std::holds_alternative<tls::ApplicationData>(connection->next())) connection->consume(SIZE_MAX);
  crypto::forget_recorded_nonces();
  return 0;
}
