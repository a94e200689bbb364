// Byte sequences as Baton takes and gives them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace baton {

using ByteView = std::span<const std::uint8_t>;  // read-only, does not own
using MutableBytes = std::span<std::uint8_t>;    // may be written, does not own
using Bytes = std::vector<std::uint8_t>;         // owns

}  // namespace baton
