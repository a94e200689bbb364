#include <algorithm>

#include "offload/frame_codec.h"
#include "offload/text.h"
#include "offload/wire.h"

namespace baton::offload {
namespace {

using Writer = ByteWriter<SecretBuffer>;

bool is_text(std::string_view text, std::size_t limit) {
  return text.size() <= limit && is_printable(text);
}

void put_text8(Writer& writer, std::string_view text) {
  writer.u8(static_cast<std::uint8_t>(text.size()));
  writer.bytes(as_bytes(text));
}

void put_text16(Writer& writer, std::string_view text) {
  writer.u16(static_cast<std::uint16_t>(text.size()));
  writer.bytes(as_bytes(text));
}

void put_bytes32(Writer& writer, ByteView bytes) {
  writer.u32(static_cast<std::uint32_t>(bytes.size()));
  writer.bytes(bytes);
}

// What may be written: the same that decoding accepts.
bool is_valid(const Hello& body) {
  return body.protocol_version != 0 && body.max_payload >= kSmallestMaxPayload &&
         is_text(body.software, kMaxSoftwareText) && are_extensions(body.extensions);
}
bool is_valid(const Ping& /*body*/) {
  return true;
}
bool is_valid(const Pong& /*body*/) {
  return true;
}
bool is_valid(const GoAway& body) {
  return is_text(body.reason, kMaxReasonText);
}
bool is_valid(const LinkError& body) {
  return is_text(body.text, kMaxReasonText);
}
bool is_valid(const Open& body) {
  return is_text(body.listener, kMaxListenerName);
}
bool is_valid(const ClientBytes& body) {
  return !body.bytes.empty();
}
bool is_valid(const Cancel& /*body*/) {
  return true;
}
bool is_valid(const Outcome& /*body*/) {
  return true;
}
bool is_valid(const Sign& body) {
  return !body.input.empty() && body.input.size() <= kMaxSigningInput;
}
bool is_valid(const ServerBytes& /*body*/) {
  return true;
}
bool is_valid(const Handoff& body) {
  return !body.serialized.empty();
}
bool is_valid(const Failed& body) {
  return is_text(body.server_name, kMaxServerName) && is_text(body.text, kMaxReasonText);
}
bool is_valid(const Signature& body) {
  return !body.signature.empty() && body.signature.size() <= kMaxSignature;
}
bool is_valid(const SignRefused& body) {
  return is_text(body.text, kMaxReasonText);
}

void put(Writer& writer, const Hello& body) {
  writer.u32(kMagic);
  writer.u16(body.protocol_version);
  writer.u16(body.newest_readable);
  writer.u64(body.capabilities);
  writer.u32(body.max_payload);
  writer.u32(body.max_in_flight);
  put_text8(writer, body.software);
  writer.bytes(body.extensions);
}
void put(Writer& writer, const Ping& body) {
  writer.u64(body.value);
}
void put(Writer& writer, const Pong& body) {
  writer.u64(body.value);
}
void put(Writer& writer, const GoAway& body) {
  writer.bytes(as_bytes(body.reason));
}
void put(Writer& writer, const LinkError& body) {
  writer.u16(static_cast<std::uint16_t>(body.code));
  writer.bytes(as_bytes(body.text));
}
void put(Writer& writer, const Open& body) {
  writer.bytes(body.client.ip);
  writer.u16(body.client.port);
  put_text8(writer, body.listener);
  writer.bytes(body.trace_id);
  writer.u32(body.deadline_ms);
  writer.u8(0);  // flags
  writer.bytes(body.first_bytes);
}
void put(Writer& writer, const ClientBytes& body) {
  writer.bytes(body.bytes);
}
void put(Writer& writer, const Cancel& body) {
  writer.u8(static_cast<std::uint8_t>(body.reason));
}
void put(Writer& writer, const Outcome& body) {
  writer.u8(static_cast<std::uint8_t>(body.kind));
  writer.u8(static_cast<std::uint8_t>(body.alert));
  writer.u8(static_cast<std::uint8_t>(body.from));
}
void put(Writer& writer, const Sign& body) {
  writer.u8(static_cast<std::uint8_t>(body.kind));
  writer.u16(body.scheme);
  writer.bytes(body.key);
  writer.bytes(body.client.ip);
  writer.u16(body.client.port);
  writer.bytes(body.trace_id);
  writer.u32(body.deadline_ms);
  writer.bytes(body.input);
}
void put(Writer& writer, const ServerBytes& body) {
  writer.u64(body.consumed);
  writer.bytes(body.bytes);
}
void put(Writer& writer, const Handoff& body) {
  writer.u8(kHandoffAfterFinished);
  writer.u64(body.consumed);
  put_bytes32(writer, body.server_bytes);
  writer.bytes(body.serialized);
}
void put(Writer& writer, const Failed& body) {
  writer.u8(static_cast<std::uint8_t>(body.reason));
  writer.u8(static_cast<std::uint8_t>(body.alert));
  writer.u64(body.consumed);
  put_bytes32(writer, body.server_bytes);
  put_text16(writer, body.server_name);
  writer.bytes(as_bytes(body.text));
}
void put(Writer& writer, const Signature& body) {
  writer.bytes(body.signature);
}
void put(Writer& writer, const SignRefused& body) {
  writer.u8(static_cast<std::uint8_t>(body.reason));
  writer.bytes(as_bytes(body.text));
}

// Takes off what was appended, leaving none of it behind in the buffer's spare room.
void cut_back(SecretBuffer& out, std::size_t size) {
  wipe(MutableBytes{out}.subspan(size));
  out.resize(size);
}

}  // namespace

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char letter) { return letter >= ' ' && letter <= '~'; });
}

Result<void> encode(const Frame& frame, std::size_t max_payload, SecretBuffer& out) {
  const FrameType type = type_of(frame.body);
  const bool valid = std::visit([](const auto& body) { return is_valid(body); }, frame.body);
  if (!valid || is_link_frame(type) != (frame.id == HandshakeId::link)) {
    return fail(ErrorCode::invalid_argument, concat("link: a field of ", type, " is out of its range"));
  }
  const std::size_t begin = out.size();
  Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u24(0);  // the length, set below
  writer.u32(static_cast<std::uint32_t>(frame.id));
  std::visit([&writer](const auto& body) { put(writer, body); }, frame.body);

  const std::size_t length = out.size() - begin - kFrameHeaderSize;
  if (length > std::min(max_payload, largest_payload(type))) {
    cut_back(out, begin);
    return fail(ErrorCode::limit_exceeded, concat("link: ", type, " of ", length, " bytes is too large"));
  }
  for (std::size_t index = 0; index < 3; ++index) {
    out[begin + 1 + index] = static_cast<std::uint8_t>(length >> (8 * (2 - index)));
  }
  return {};
}

}  // namespace baton::offload
