// What encoding and decoding frames share. Private to the codec.
#pragma once

#include "base/bytes.h"
#include "offload/frames.h"

namespace baton::offload {

inline constexpr std::uint32_t kMagic = 0x42544e4c;  // "BTNL", the first bytes of a HELLO payload
inline constexpr std::uint8_t kHandoffAfterFinished = 0;

// Frames about the link have handshake id 0, all others do not.
inline bool is_link_frame(FrameType type) {
  return static_cast<std::uint8_t>(type) <= static_cast<std::uint8_t>(FrameType::link_error);
}

inline std::size_t largest_payload(FrameType type) {
  return type == FrameType::hello ? kMaxHelloPayload : kMaxFramePayload;
}

// Whether the bytes are whole type-length-value fields: u16 type, u16 length, value.
inline bool are_extensions(ByteView bytes) {
  ByteReader reader(bytes);
  while (reader.left() > 0) {
    reader.u16();
    reader.bytes(reader.u16());
  }
  return reader.ok();
}

}  // namespace baton::offload
