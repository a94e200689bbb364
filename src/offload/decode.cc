#include <algorithm>

#include "offload/frame_codec.h"
#include "offload/text.h"
#include "offload/wire.h"

namespace baton::offload {
namespace {

Bytes copy(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

// Reads fields; a text that is too long or not printable makes `ok` false, like a read past the end.
class FieldReader {
 public:
  explicit FieldReader(ByteView payload) : reader_(payload) {}

  std::uint8_t u8() { return reader_.u8(); }
  std::uint16_t u16() { return reader_.u16(); }
  std::uint32_t u32() { return reader_.u32(); }
  std::uint64_t u64() { return reader_.u64(); }
  template <class Enum>
  Enum code8() {
    return static_cast<Enum>(u8());
  }

  template <std::size_t Size>
  std::array<std::uint8_t, Size> fixed() {
    std::array<std::uint8_t, Size> value{};
    const ByteView bytes = reader_.bytes(value.size());
    std::copy(bytes.begin(), bytes.end(), value.begin());
    return value;
  }

  std::string text(std::size_t size, std::size_t limit) {
    const ByteView bytes = reader_.bytes(size);
    require(size <= limit && is_printable(as_text(bytes)));
    return valid_ ? std::string(as_text(bytes)) : std::string();
  }
  std::string rest_text(std::size_t limit) { return text(reader_.left(), limit); }

  Bytes bytes32() { return copy(reader_.bytes(u32())); }
  ByteView rest() { return reader_.remaining(); }
  // At least one byte.
  Bytes limited_rest(std::size_t limit) {
    const ByteView bytes = rest();
    require(!bytes.empty() && bytes.size() <= limit);
    return valid_ ? copy(bytes) : Bytes();
  }

  void require(bool condition) { valid_ = valid_ && condition; }
  bool finished() const { return valid_ && reader_.finished(); }

 private:
  ByteReader reader_;
  bool valid_ = true;
};

Hello read_hello(FieldReader& reader) {
  Hello body;
  reader.require(reader.u32() == kMagic);
  body.protocol_version = reader.u16();
  body.newest_readable = reader.u16();
  body.capabilities = reader.u64();
  body.max_payload = reader.u32();
  body.max_in_flight = reader.u32();
  body.software = reader.text(reader.u8(), kMaxSoftwareText);
  body.extensions = copy(reader.rest());
  reader.require(body.protocol_version != 0 && body.max_payload >= kSmallestMaxPayload &&
                 are_extensions(body.extensions));
  return body;
}

LinkError read_link_error(FieldReader& reader) {
  LinkError body;
  body.code = static_cast<LinkErrorCode>(reader.u16());
  body.text = reader.rest_text(kMaxReasonText);
  return body;
}

Open read_open(FieldReader& reader) {
  Open body;
  body.client.ip = reader.fixed<16>();
  body.client.port = reader.u16();
  body.listener = reader.text(reader.u8(), kMaxListenerName);
  body.trace_id = reader.fixed<16>();
  body.deadline_ms = reader.u32();
  reader.require(reader.u8() == 0);  // flags
  body.first_bytes = copy(reader.rest());
  return body;
}

ClientBytes read_client_bytes(FieldReader& reader) {
  ClientBytes body{copy(reader.rest())};
  reader.require(!body.bytes.empty());
  return body;
}

Outcome read_outcome(FieldReader& reader) {
  Outcome body;
  body.kind = reader.code8<OutcomeKind>();
  body.alert = reader.code8<tls::Alert>();
  body.from = reader.code8<AlertFrom>();
  return body;
}

Sign read_sign(FieldReader& reader) {
  Sign body;
  body.kind = reader.code8<SigningKind>();
  body.scheme = reader.u16();
  body.key = reader.fixed<32>();
  body.client.ip = reader.fixed<16>();
  body.client.port = reader.u16();
  body.trace_id = reader.fixed<16>();
  body.deadline_ms = reader.u32();
  body.input = reader.limited_rest(kMaxSigningInput);
  return body;
}

ServerBytes read_server_bytes(FieldReader& reader) {
  ServerBytes body;
  body.consumed = reader.u64();
  body.bytes = copy(reader.rest());
  return body;
}

Handoff read_handoff(FieldReader& reader) {
  Handoff body;
  reader.require(reader.u8() == kHandoffAfterFinished);
  body.consumed = reader.u64();
  body.server_bytes = reader.bytes32();
  const ByteView serialized = reader.rest();
  body.serialized.assign(serialized.begin(), serialized.end());
  reader.require(!body.serialized.empty());
  return body;
}

Failed read_failed(FieldReader& reader) {
  Failed body;
  body.reason = reader.code8<FailureReason>();
  body.alert = reader.code8<tls::Alert>();
  body.consumed = reader.u64();
  body.server_bytes = reader.bytes32();
  body.server_name = reader.text(reader.u16(), kMaxServerName);
  body.text = reader.rest_text(kMaxReasonText);
  return body;
}

SignRefused read_sign_refused(FieldReader& reader) {
  SignRefused body;
  body.reason = reader.code8<SigningRefusal>();
  body.text = reader.rest_text(kMaxReasonText);
  return body;
}

std::optional<FrameBody> read_body(FrameType type, FieldReader& reader) {
  switch (type) {
    case FrameType::hello:
      return read_hello(reader);
    case FrameType::ping:
      return Ping{reader.u64()};
    case FrameType::pong:
      return Pong{reader.u64()};
    case FrameType::go_away:
      return GoAway{reader.rest_text(kMaxReasonText)};
    case FrameType::link_error:
      return read_link_error(reader);
    case FrameType::open:
      return read_open(reader);
    case FrameType::client_bytes:
      return read_client_bytes(reader);
    case FrameType::cancel:
      return Cancel{reader.code8<CancelReason>()};
    case FrameType::outcome:
      return read_outcome(reader);
    case FrameType::sign:
      return read_sign(reader);
    case FrameType::server_bytes:
      return read_server_bytes(reader);
    case FrameType::handoff:
      return read_handoff(reader);
    case FrameType::failed:
      return read_failed(reader);
    case FrameType::signature:
      return Signature{reader.limited_rest(kMaxSignature)};
    case FrameType::sign_refused:
      return read_sign_refused(reader);
  }
  return std::nullopt;
}

}  // namespace

FrameResult<std::optional<Frame>> decode_payload(std::uint8_t type, HandshakeId id, ByteView payload) {
  if (type >= kFirstOptionalType) return std::nullopt;
  const auto known = static_cast<FrameType>(type);
  FieldReader reader(payload);
  std::optional<FrameBody> body = read_body(known, reader);
  if (!body) return broken(LinkErrorCode::unknown_frame_type, concat("frame type ", type, " is unknown"));
  if (!reader.finished()) {
    return broken(LinkErrorCode::malformed_frame, concat(known, " cannot be decoded"));
  }
  if (is_link_frame(known) != (id == HandshakeId::link)) {
    return broken(LinkErrorCode::malformed_frame, concat(known, " for ", id));
  }
  return Frame{id, std::move(*body)};
}

FrameResult<FrameDecoder::Header> FrameDecoder::read_header(ByteView bytes) const {
  ByteReader reader(bytes);
  Header header{};
  header.type = reader.u8();
  header.length = reader.u24();
  header.id = static_cast<HandshakeId>(reader.u32());
  const bool is_hello = header.type == static_cast<std::uint8_t>(FrameType::hello);
  if (first_ == First::hello && !is_hello) {
    return broken(LinkErrorCode::hello_expected, "the first frame is not a HELLO");
  }
  // The limits are checked before a byte of the payload is kept (R9).
  if (header.length > (is_hello ? kMaxHelloPayload : max_payload_)) {
    return broken(LinkErrorCode::frame_too_large,
                  concat("frame type ", header.type, " of ", header.length, " bytes"));
  }
  return header;
}

// Moves bytes to the partial frame until that has `size`; whether it has.
bool FrameDecoder::buffer_until(std::size_t size, ByteView& bytes) {
  const std::size_t missing = size - std::min(size, partial_.size());
  const std::size_t taken = std::min(missing, bytes.size());
  append(partial_, bytes.first(taken));
  bytes = bytes.subspan(taken);
  return taken == missing;
}

FrameResult<std::optional<Frame>> FrameDecoder::next(ByteView& bytes) {
  while (true) {
    // A frame that lies whole in the input is decoded where it is; otherwise its parts are gathered.
    const bool in_place = partial_.empty() && bytes.size() >= kFrameHeaderSize;
    if (!in_place && !buffer_until(kFrameHeaderSize, bytes)) return std::nullopt;
    FrameResult<Header> header = read_header(in_place ? bytes.first(kFrameHeaderSize) : ByteView{partial_});
    if (!header) return tl::unexpected<ProtocolError>(std::move(header.error()));

    const std::size_t size = kFrameHeaderSize + header->length;
    ByteView whole;
    if (in_place && bytes.size() >= size) {
      whole = bytes.first(size);
      bytes = bytes.subspan(size);
    } else if (buffer_until(size, bytes)) {
      whole = partial_;
    } else {
      return std::nullopt;
    }
    auto frame = decode_payload(header->type, header->id, whole.subspan(kFrameHeaderSize));
    wipe(partial_);
    partial_.clear();
    first_ = First::any;
    if (!frame || *frame) return frame;  // otherwise the frame is optional and skipped
  }
}

}  // namespace baton::offload
