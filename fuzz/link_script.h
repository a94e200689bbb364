// Scripts for the fuzzers of the two ends of a link: (operation, length, bytes) again and again.
#pragma once

#include <algorithm>
#include <cstdlib>

#include "base/bytes.h"
#include "offload/link_core.h"

namespace baton::offload::fuzz {

struct Operation {
  std::uint8_t code = 0;
  ByteView bytes;
};

inline Operation next_operation(ByteReader& script) {
  Operation operation;
  operation.code = script.u8();
  const std::size_t length = script.u16();
  operation.bytes = script.bytes(std::min(length, script.left()));
  return operation;
}

inline LinkLimits small_limits() {
  LinkLimits limits;
  limits.max_payload = kSmallestMaxPayload;
  limits.max_in_flight = 8;
  limits.output_high_water = 32 * 1024;
  limits.output_limit = 128 * 1024;
  return limits;
}

// What must hold after every operation.
inline void check_link(const LinkCore& link) {
  if (link.in_flight() > small_limits().max_in_flight) std::abort();
  if (link.output().size() > small_limits().output_limit + kClientWindow) std::abort();
}

}  // namespace baton::offload::fuzz
