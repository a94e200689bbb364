// The framing of a client's first bytes: however they are cut, the same ClientHellos are counted, and no more
// than there are bytes for.
#include <algorithm>
#include <cstdlib>

#include "offload/client_hello_counter.h"

// Input: the size of the pieces; then the client's stream.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace baton;
  ByteReader input(ByteView(data, size));
  const std::size_t piece = std::size_t{1} + input.u8();
  const ByteView stream = input.remaining();
  offload::ClientHelloCounter whole;
  whole.feed(stream);
  offload::ClientHelloCounter cut;
  unsigned before = 0;
  for (ByteView rest = stream; !rest.empty(); rest = rest.subspan(std::min(piece, rest.size()))) {
    cut.feed(rest.first(std::min(piece, rest.size())));
    if (cut.whole() < before) std::abort();
    before = cut.whole();
  }
  if (cut.whole() != whole.whole() || whole.whole() > stream.size() / 4) std::abort();
  return 0;
}
