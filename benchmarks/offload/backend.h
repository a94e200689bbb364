// A backend that costs next to nothing: each connection gets one small answer to one small request.
#pragma once

#include <cstdint>

namespace baton::bench {

// Serves until the process is ended.
[[noreturn]] void serve_backend(std::uint16_t port);

}  // namespace baton::bench
