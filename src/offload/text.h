// Error texts from parts. Private to this room.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "offload/frames.h"

namespace baton::offload {

inline void add_part(std::string& text, std::string_view part) {
  text += part;
}
inline void add_part(std::string& text, std::integral auto number) {
  text += std::to_string(number);
}
inline void add_part(std::string& text, HandshakeId id) {
  text += "handshake " + std::to_string(static_cast<std::uint32_t>(id));
}
inline void add_part(std::string& text, FrameType type) {
  text += to_string(type);
}

// The parts in a row: texts, numbers, frame types, and ids as "handshake 7".
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string text;
  (add_part(text, parts), ...);
  return text;
}

}  // namespace baton::offload
