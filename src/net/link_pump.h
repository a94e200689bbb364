// Moves the bytes of a link between its stream and its sans-I/O end, LinkClient or HandshakeService.
#pragma once

#include <algorithm>

#include "base/secret.h"
#include "net/signal.h"
#include "net/stream.h"

namespace baton::net {

inline constexpr std::size_t kLinkChunk = 64 * 1024;  // bytes moved at once

// Writes what `end` has to say, whenever `wake` tells, until its link is closed and all is sent, or the
// stream fails.
template <class End, class IsClosed>
Task<Result<void>> send_link_output(End& end, Stream& stream, Signal& wake, IsClosed is_closed) {
  for (;;) {
    if (end.output().empty()) {
      if (is_closed()) co_return Result<void>{};
      co_await wake.wait();
      continue;
    }
    // A copy, since the end may be called while the stream is written.
    const ByteView first = end.output().first(std::min(end.output().size(), kLinkChunk));
    const SecretBuffer chunk(first.begin(), first.end());
    end.output_sent(chunk.size());
    if (auto sent = co_await stream.write(chunk); !sent) co_return sent;
  }
}

}  // namespace baton::net
