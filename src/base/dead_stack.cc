#include "base/dead_stack.h"

#include <array>
#include <cstdint>

#include "baton/secret.h"

namespace baton {
namespace {

template <std::size_t Size>
[[gnu::noinline]] void wipe_below() noexcept {
  // Never initialised: the frame lies where those of the returned functions were.
  std::array<std::uint8_t, Size> frame;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  wipe(frame);
}

}  // namespace

void wipe_dead_stack() noexcept {
  wipe_below<64 * 1024>();
}

void wipe_shallow_dead_stack() noexcept {
  wipe_below<16 * 1024>();
}

}  // namespace baton
