// What a client sends in place of its Finished, after an early handoff: raw bytes, or content that is sealed
// under its handshake key, so that the fuzzer gets behind the AEAD.
#include <algorithm>
#include <cstdlib>

#include "crypto/nonce_recorder.h"
#include "tls/finished_reader.h"

namespace {

using namespace baton;

tls::ConnectionState make_state(const tls::CipherSuite& suite) {
  tls::ConnectionState state;
  state.suite = &suite;
  state.read.keying = tls::KeyingMaterial(suite.keying_size());
  state.write.keying = tls::KeyingMaterial(suite.keying_size());
  state.write.keying.data()[0] = 1;
  state.write.sequence = 1;
  state.awaited = std::make_unique<tls::AwaitedFinished>();
  state.awaited->client_handshake_secret = tls::KeyingMaterial(suite.keying_size());
  state.awaited->client_handshake_secret.data()[0] = 2;
  state.awaited->verify_data = tls::KeyingMaterial(suite.keying_size());
  state.awaited->deferred_ciphertext = {23, 3, 3, 0, 1, 0};
  return state;
}

// What must hold whatever the client has sent.
void check(tls::FinishedReader& reader, const tls::FinishedVerdict& verdict) {
  const Bytes output = reader.take_output();
  auto connection = std::move(reader).into_connection();
  const bool verified = std::holds_alternative<tls::FinishedVerified>(verdict);
  if (connection.has_value() != verified) std::abort();
  if (const auto* failure = std::get_if<tls::Failure>(&verdict)) {
    if (output.empty() != failure->from_peer) std::abort();  // one alert, or none
  } else if (!output.empty()) {
    std::abort();  // nothing is said before the verdict
  }
}

}  // namespace

// Input: suite; then chunks of (content type, or 0 for raw bytes; length; bytes).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(ByteView(data, size));
  const auto* suite = tls::find_cipher_suite(static_cast<std::uint16_t>(0x1301 + input.u8() % 3));
  auto reader = tls::FinishedReader::from_state(make_state(*suite));
  auto client = tls::RecordProtection::create(*suite, make_state(*suite).awaited->client_handshake_secret);
  if (!reader || !client) std::abort();
  std::uint64_t sequence = 0;
  tls::FinishedVerdict verdict = tls::NeedBytes{1};
  while (input.left() > 0 && std::holds_alternative<tls::NeedBytes>(verdict)) {
    const auto type = static_cast<tls::ContentType>(input.u8());
    const std::size_t length = input.u16();
    const ByteView bytes = input.bytes(std::min({length, input.left(), tls::kMaxRecordPlaintext}));
    if (type == tls::ContentType::invalid) {
      reader->feed(bytes);
    } else {
      Bytes wire(client->record_size(bytes.size(), 0));
      if (!client->seal(sequence++, 0, type, bytes, 0, wire)) std::abort();
      reader->feed(wire);
    }
    verdict = reader->next();
  }
  check(*reader, verdict);
  crypto::forget_recorded_nonces();
  return 0;
}
