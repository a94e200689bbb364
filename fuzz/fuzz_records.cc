// The record layer's input. The first byte chooses suite and role; then either raw bytes go in, or content
// that is sealed as the peer would, so that the fuzzer gets behind the AEAD.
#include <algorithm>
#include <cstdlib>

#include "crypto/nonce_recorder.h"
#include "tls/connection.h"

namespace {

using namespace baton;

tls::ConnectionState make_state(const tls::CipherSuite& suite, tls::Role role) {
  tls::ConnectionState state;
  state.role = role;
  state.suite = &suite;
  state.read.keying = tls::KeyingMaterial(suite.keying_size());
  state.write.keying = tls::KeyingMaterial(suite.keying_size());
  state.write.keying.data()[0] = 1;
  return state;
}

void drain(tls::Connection& connection) {
  for (;;) {
    const tls::Event event = connection.next();
    if (!std::holds_alternative<tls::ApplicationData>(event)) return;
    connection.consume(1 + std::get<tls::ApplicationData>(event).bytes.size() / 2);
  }
}

}  // namespace

// Input: suite and role; then chunks of (kind and type, length, bytes).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader reader(ByteView(data, size));
  const std::uint8_t choice = reader.u8();
  const auto suites = tls::cipher_suites();
  const tls::CipherSuite& suite = suites[choice % suites.size()];
  const tls::Role role = choice >= 128 ? tls::Role::client : tls::Role::server;
  auto connection = tls::Connection::from_state(make_state(suite, role));
  auto peer = tls::RecordProtection::create(suite, tls::KeyingMaterial(suite.keying_size()));
  if (!connection || !peer) std::abort();
  Bytes key(suite.keying_size());  // of the peer, all zero at first
  std::uint64_t sequence = 0;
  while (reader.left() > 0) {
    const std::uint8_t kind = reader.u8();
    const std::size_t length = reader.u16();
    const ByteView bytes = reader.bytes(std::min(length, reader.left()));
    if (kind < 128) {
      connection->feed(bytes);
    } else {
      Bytes wire(peer->record_size(bytes.size(), 0));
      const auto type = static_cast<tls::ContentType>(kind - 128);
      if (!peer->seal(sequence, sequence, type, bytes, 0, wire)) std::abort();
      ++sequence;
      connection->feed(wire);
    }
    drain(*connection);
    if (!std::ranges::equal(connection->state().read.keying.view(), key)) {  // a KeyUpdate was taken
      const ByteView changed = connection->state().read.keying.view();
      key.assign(changed.begin(), changed.end());
      auto next = tls::RecordProtection::create(suite, connection->state().read.keying);
      if (!next) std::abort();
      peer = std::move(next);
      sequence = 0;
    }
    if (connection->output().size() > 1 << 20) std::abort();  // R9: input alone must not grow the output
  }
  crypto::forget_recorded_nonces();
  return 0;
}
