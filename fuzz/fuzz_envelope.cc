// Envelopes. The input is taken as an envelope, and then as the content of a well-formed one, so that the
// fuzzer gets behind the seal. Whatever is refused spends nothing, and what opens does so once.
#include <algorithm>
#include <cstdlib>

#include "crypto/nonce_recorder.h"
#include "serialization/envelope.h"

namespace {

using namespace baton;
using serialization::Import;

// The ring of tests/golden/envelope, which the seeds are made with.
constexpr std::string_view kRing =
    "baton-key-ring 1\n"
    "key 0011223344556677 next 1790000000 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n"
    "key 8899aabbccddeeff current 1780000000 "
    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f\n";
constexpr UnixTime kNow{std::chrono::seconds{1'800'000'010}};

void require(bool condition) {
  if (!condition) std::abort();
}

Seal make_seal(std::shared_ptr<ClaimStore> claims) {
  auto ring = KeyRing::parse_unprotected(as_bytes(kRing), "ring");
  require(ring.has_value());
  auto seal = Seal::create(std::move(*ring), std::move(claims), {"cluster-1", "handover"});
  require(seal.has_value());
  return std::move(*seal);
}

void open_envelope(ByteView envelope) {
  const auto claims = std::make_shared<MemoryClaimStore>();
  const Seal seal = make_seal(claims);
  const auto inspected = serialization::inspect_unprotected(envelope, seal.keys());
  const Import import{inspected ? inspected->envelope.role : Role::server, {}, kNow};
  const bool opened = serialization::open(envelope, seal, import).has_value();
  require(claims->size() == (opened ? 1 : 0));
  const bool has_header = serialization::read_envelope_header(envelope).has_value();
  if (!opened) return;
  require(has_header && inspected && serialization::looks_sealed(envelope));
  const auto again = serialization::open(envelope, seal, import);
  require(!again && again.error().code == ErrorCode::already_claimed);
}

void open_content(ByteView content) {
  SecretBuffer plaintext(content.begin(), content.end());
  plaintext.resize(serialization::padded_size(content.size()));
  if (const auto decoded = serialization::decode_envelope_content(plaintext)) {
    const SecretBuffer again = serialization::encode_envelope_content(decoded->info, decoded->connection);
    require(again == plaintext);  // one value, one encoding
  }
  const Seal seal = make_seal(std::make_shared<MemoryClaimStore>());
  const auto envelope =
      serialization::encrypt_envelope(seal.keys().internal().current(), {}, std::move(plaintext));
  require(envelope.has_value());
  open_envelope(*envelope);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  open_envelope(input);
  open_content(input);
  crypto::forget_recorded_nonces();
  return 0;
}
