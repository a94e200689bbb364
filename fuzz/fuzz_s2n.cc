// s2n-tls's format V1, in either role: whatever decodes must encode to the very same bytes, but for the
// resumption secret, and must give a connection.
#include <algorithm>
#include <cstdlib>

#include "crypto/nonce_recorder.h"
#include "serialization/s2n_v1.h"
#include "tls/connection.h"

namespace {

using namespace baton;

Result<tls::ConnectionState> decode(ByteView input, Role role) {
  return serialization::deserialize_s2n_v1_unprotected(input, {role, {}, {}},
                                                       serialization::MasterSecret::kept);
}

void try_as(Role role, ByteView input) {
  auto state = decode(input, role);
  if (!state) return;
  const tls::CipherSuite& suite = *state->suite;
  const std::size_t random_part = suite.version == ProtocolVersion::tls13 ? crypto::hash_size(suite.hash) : 0;
  auto again = serialization::serialize_s2n_v1_unprotected(std::move(*state));
  if (!again || again->size() != input.size()) std::abort();
  const std::size_t known = input.size() - random_part;
  if (!std::ranges::equal(ByteView(*again).first(known), input.first(known))) std::abort();
  auto connection = tls::Connection::from_state(std::move(*decode(input, role)));
  if (!connection) std::abort();
  static_cast<void>(connection->write(input));  // it may have used up its key
  crypto::forget_recorded_nonces();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try_as(Role::server, {data, size});
  try_as(Role::client, {data, size});
  return 0;
}
