#include "base/dead_stack.h"

#include <array>
#include <cstdint>

#include "baton/secret.h"

namespace baton {

[[gnu::noinline]] void wipe_dead_stack() noexcept {
  // Never initialised: the frame lies where those of the returned functions were.
  std::array<std::uint8_t, 64 * 1024> frame;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  wipe(frame);
}

}  // namespace baton
