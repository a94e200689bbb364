// The frame decoder: any bytes, in any cutting. What decodes must encode to the same bytes.
// Input: the length of the pieces, then the stream.
#include <algorithm>
#include <cstdlib>

#include "offload/frame_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace baton;
  using namespace baton::offload;
  constexpr std::size_t kMaxPayload = kSmallestMaxPayload;
  ByteReader reader(ByteView(data, size));
  const std::size_t piece = 1 + std::size_t{reader.u8()};
  FrameDecoder decoder(kMaxPayload, FrameDecoder::First::any);
  std::size_t given = 0;
  const ByteView stream = reader.remaining();
  while (given < stream.size()) {
    ByteView bytes = stream.subspan(given, std::min(piece, stream.size() - given));
    given += bytes.size();
    while (true) {
      auto frame = decoder.next(bytes);
      if (!frame) return 0;
      if (decoder.buffered() > kFrameHeaderSize + kMaxPayload) std::abort();
      if (!*frame) break;
      SecretBuffer again;
      if (!encode(**frame, kMaxPayload, again)) std::abort();
      // The frame ended where the decoder stands now.
      const std::size_t end = given - bytes.size();
      if (again.size() > end) std::abort();
      if (!std::equal(again.begin(), again.end(),
                      stream.begin() + static_cast<std::ptrdiff_t>(end - again.size()))) {
        std::abort();
      }
    }
  }
  return 0;
}
