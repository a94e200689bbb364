// Frames as bytes and back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "offload/frames.h"

namespace baton::offload {

// What is wrong with a peer's frame: the code and text of the LINK_ERROR that answers it.
struct ProtocolError {
  LinkErrorCode code;
  std::string text;
};

template <class T>
using FrameResult = tl::expected<T, ProtocolError>;

[[nodiscard]] inline tl::unexpected<ProtocolError> broken(LinkErrorCode code, std::string text) {
  return tl::unexpected<ProtocolError>(ProtocolError{code, std::move(text)});
}

// Whether every byte is printable ASCII, as the protocol asks of every text.
bool is_printable(std::string_view text);

// Appends the frame, header and all. `out` is a SecretBuffer, since a HANDOFF holds traffic secrets (R6).
// Errors, with `out` unchanged: limit_exceeded (payload over `max_payload`), invalid_argument (a text that is
// too long or not printable, an empty field that must not be empty, an id where none belongs or none where
// one does).
[[nodiscard]] Result<void> encode(const Frame& frame, std::size_t max_payload, SecretBuffer& out);

// Decodes one payload wholly; trailing bytes are an error (R5). nullopt: an optional frame of an unknown
// type.
FrameResult<std::optional<Frame>> decode_payload(std::uint8_t type, HandshakeId id, ByteView payload);

// Cuts a byte stream into frames. Keeps at most one partial frame, and wipes it after use (R6).
class FrameDecoder {
 public:
  enum class First { hello, any };  // whether the first frame must be a HELLO, of at most kMaxHelloPayload

  FrameDecoder(std::size_t max_payload, First first) : max_payload_(max_payload), first_(first) {}

  // The next frame; its bytes are taken off the front of `bytes`. nullopt: all of `bytes` was taken, give
  // more. After an error the decoder must not be used again.
  FrameResult<std::optional<Frame>> next(ByteView& bytes);

  // Bytes of the partial frame that are kept.
  std::size_t buffered() const { return partial_.size(); }

 private:
  struct Header {
    std::uint8_t type;
    std::uint32_t length;
    HandshakeId id;
  };

  bool buffer_until(std::size_t size, ByteView& bytes);
  FrameResult<Header> read_header(ByteView bytes) const;

  std::size_t max_payload_;
  First first_;
  SecretBuffer partial_;
};

}  // namespace baton::offload
