// Key rings as text: whatever parses must print and parse to the very same keys.
#include <algorithm>
#include <cstdlib>

#include "base/bytes.h"
#include "serialization/key_ring_text.h"

namespace {

using namespace baton;

bool same(const RingKey& a, const RingKey& b) {
  return a.id == b.id && a.created == b.created && std::ranges::equal(a.secret.view(), b.secret.view());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto ring = KeyRing::parse_unprotected({data, size}, "input");
  if (!ring) {
    if (!ring.error().message.starts_with("input:")) std::abort();
    return 0;
  }
  const SecretBuffer text = ring->to_text_unprotected();
  const auto again = KeyRing::parse_unprotected(text, "again");
  if (!again || again->to_text_unprotected() != text) std::abort();
  if (!std::ranges::equal(ring->internal().list, again->internal().list, same)) std::abort();
  return 0;
}
