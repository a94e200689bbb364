#include "offload/frame_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "offload/sample_frames.h"

namespace baton::offload::test {
namespace {

// Decodes exactly one frame, given in parts that end at `cuts`.
FrameResult<std::optional<Frame>> decode(ByteView bytes, std::size_t cut = 0,
                                         std::size_t limit = kMaxFramePayload) {
  FrameDecoder decoder(limit, FrameDecoder::First::any);
  ByteView front = bytes.first(cut);
  auto frame = decoder.next(front);
  if (!frame || *frame) return frame;
  ByteView rest = bytes.subspan(cut);
  return decoder.next(rest);
}

LinkErrorCode error_of(ByteView bytes, std::size_t limit = kMaxFramePayload) {
  auto frame = decode(bytes, 0, limit);
  EXPECT_FALSE(frame.has_value());
  return frame ? LinkErrorCode::internal : frame.error().code;
}

// The bytes decode to a frame that encodes to the same bytes.
void expect_round_trip(const Frame& frame) {
  const Bytes bytes = encoded(frame);
  ASSERT_FALSE(bytes.empty()) << to_string(type_of(frame.body));
  auto decoded = decode(bytes);
  ASSERT_TRUE(decoded && *decoded) << to_string(type_of(frame.body));
  EXPECT_EQ(type_of((*decoded)->body), type_of(frame.body));
  EXPECT_EQ(encoded(**decoded), bytes) << to_string(type_of(frame.body));
}

bool can_encode(const Frame& frame, std::size_t max_payload = kMaxFramePayload) {
  SecretBuffer out;
  out.push_back(42);
  const bool done = encode(frame, max_payload, out).has_value();
  EXPECT_EQ(out.front(), 42);
  EXPECT_EQ(out.size() == 1, !done) << "a refused frame must leave nothing behind";
  return done;
}

TEST(FrameCodec, EveryFrameSurvivesTheTrip) {
  for (const Frame& frame : sample_frames()) expect_round_trip(frame);
}

TEST(FrameCodec, FieldsKeepTheirValues) {
  auto failed = decode(encoded({kSomeHandshake, sample_failed()}));
  ASSERT_TRUE(failed && *failed);
  EXPECT_EQ((*failed)->id, kSomeHandshake);
  const auto& body = std::get<Failed>((*failed)->body);
  EXPECT_EQ(body.reason, FailureReason::tls_alert_sent);
  EXPECT_EQ(body.alert, tls::Alert::handshake_failure);
  EXPECT_EQ(body.consumed, 517U);
  EXPECT_EQ(body.server_name, "www.example.com");
  EXPECT_EQ(body.text, "no shared cipher");

  auto open = decode(encoded({kSomeHandshake, sample_open()}));
  ASSERT_TRUE(open && *open);
  const auto& opened = std::get<Open>((*open)->body);
  EXPECT_EQ(opened.client, sample_open().client);
  EXPECT_EQ(opened.listener, "https");
  EXPECT_EQ(opened.trace_id, sample_open().trace_id);
  EXPECT_EQ(opened.deadline_ms, 5000U);
  EXPECT_EQ(opened.first_bytes, some_bytes(5));
}

TEST(FrameCodec, VariablePartsAtEverySize) {
  for (std::size_t size : {0U, 1U, 255U, 256U, 16384U, 65536U}) {
    expect_round_trip({kSomeHandshake, ServerBytes{1, some_bytes(size)}});
    expect_round_trip({kSomeHandshake, Handoff{1, some_bytes(size), some_secret(1)}});
    expect_round_trip({kSomeHandshake, Handoff{1, {}, some_secret(size + 1)}});
    Open open = sample_open();
    open.first_bytes = some_bytes(size);
    expect_round_trip({kSomeHandshake, open});
    expect_round_trip({kSomeHandshake, ClientBytes{some_bytes(size + 1)}});
  }
}

TEST(FrameCodec, TextsUpToTheirLimit) {
  const auto fits = [](FrameBody body, bool link) {
    Frame frame{link ? HandshakeId::link : kSomeHandshake, std::move(body)};
    if (!can_encode(frame)) return false;
    expect_round_trip(frame);
    return true;
  };
  const auto text = [](std::size_t size) { return std::string(size, 'x'); };
  for (std::size_t over : {0U, 1U}) {
    Hello hello = sample_hello();
    hello.software = text(kMaxSoftwareText + over);
    EXPECT_EQ(fits(hello, true), over == 0);
    Open open = sample_open();
    open.listener = text(kMaxListenerName + over);
    EXPECT_EQ(fits(open, false), over == 0);
    Failed failed = sample_failed();
    failed.server_name = text(kMaxServerName + over);
    EXPECT_EQ(fits(failed, false), over == 0);
    failed = sample_failed();
    failed.text = text(kMaxReasonText + over);
    EXPECT_EQ(fits(failed, false), over == 0);
    EXPECT_EQ(fits(GoAway{text(kMaxReasonText + over)}, true), over == 0);
    EXPECT_EQ(fits(LinkError{LinkErrorCode::refused, text(kMaxReasonText + over)}, true), over == 0);
  }
}

TEST(FrameCodec, RefusesWhatMayNotBeWritten) {
  EXPECT_FALSE(can_encode({kSomeHandshake, ClientBytes{}}));
  EXPECT_FALSE(can_encode({kSomeHandshake, Handoff{}}));
  EXPECT_FALSE(can_encode({kSomeHandshake, Ping{1}})) << "a link frame with an id";
  EXPECT_FALSE(can_encode({HandshakeId::link, Cancel{}})) << "a handshake frame without one";
  EXPECT_FALSE(can_encode({HandshakeId::link, GoAway{"two\nlines"}}));
  Hello hello = sample_hello();
  hello.max_payload = kSmallestMaxPayload - 1;
  EXPECT_FALSE(can_encode({HandshakeId::link, hello}));
  hello = sample_hello();
  hello.extensions = {0, 1, 0, 2, 0};
  EXPECT_FALSE(can_encode({HandshakeId::link, hello}));
}

TEST(FrameCodec, PayloadAtTheLimitAndOneOver) {
  constexpr std::size_t kLimit = kSmallestMaxPayload;
  EXPECT_TRUE(can_encode({kSomeHandshake, ClientBytes{some_bytes(kLimit)}}, kLimit));
  EXPECT_FALSE(can_encode({kSomeHandshake, ClientBytes{some_bytes(kLimit + 1)}}, kLimit));
  EXPECT_TRUE(decode(encoded({kSomeHandshake, ClientBytes{some_bytes(kLimit)}}), 0, kLimit).has_value());
  EXPECT_EQ(error_of(encoded({kSomeHandshake, ClientBytes{some_bytes(kLimit + 1)}}), kLimit),
            LinkErrorCode::frame_too_large);
  // The header alone is enough: nothing of the payload is awaited.
  const Bytes header = {17, 0xff, 0xff, 0xff, 0, 0, 0, 7};
  EXPECT_EQ(error_of(header, kLimit), LinkErrorCode::frame_too_large);

  Hello hello = sample_hello();
  hello.extensions = Bytes(kMaxHelloPayload, 0);
  EXPECT_FALSE(can_encode({HandshakeId::link, hello}));
}

TEST(FrameCodec, AnyCutGivesTheSameFrame) {
  for (const Frame& frame : sample_frames()) {
    const Bytes bytes = encoded(frame);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      auto decoded = decode(bytes, cut);
      ASSERT_TRUE(decoded && *decoded) << to_string(type_of(frame.body)) << " cut at " << cut;
      EXPECT_EQ(encoded(**decoded), bytes);
    }
  }
}

// The memory of the decoder's partial frame: the three pointers of its vector, found in the bytes of the
// object.
ByteView partial_memory(const FrameDecoder& decoder) {
  std::array<std::uintptr_t, sizeof(FrameDecoder) / sizeof(std::uintptr_t)> words{};
  std::memcpy(words.data(), &decoder, sizeof words);
  for (std::size_t index = 0; index + 2 < words.size(); ++index) {
    const std::uintptr_t begin = words[index];
    const std::uintptr_t end = words[index + 1];
    const std::uintptr_t limit = words[index + 2];
    const bool is_vector = begin > kMaxFramePayload && begin <= end && end <= limit && limit - begin < 65536;
    if (is_vector) return {reinterpret_cast<const std::uint8_t*>(begin), limit - begin};
  }
  return {};
}

// R6: a HANDOFF that came in pieces leaves nothing behind.
TEST(FrameCodec, ThePartialFrameIsWiped) {
  const SecretBuffer secret = some_secret(97);
  Bytes bytes = encoded({kSomeHandshake, Handoff{1, {}, secret}});
  bytes.push_back(0);  // the beginning of another frame
  FrameDecoder decoder(kSmallestMaxPayload, FrameDecoder::First::any);
  ByteView front = ByteView{bytes}.first(bytes.size() - 2);
  ASSERT_FALSE(*decoder.next(front));
  const ByteView before = partial_memory(decoder);
  EXPECT_NE(std::search(before.begin(), before.end(), secret.begin(), secret.end() - 1), before.end())
      << "the search itself must work";
  ByteView rest = ByteView{bytes}.last(2);
  ASSERT_TRUE(*decoder.next(rest));
  const ByteView memory = partial_memory(decoder);
  ASSERT_FALSE(memory.empty());
  EXPECT_TRUE(std::all_of(memory.begin(), memory.begin() + static_cast<std::ptrdiff_t>(bytes.size() - 1),
                          [](std::uint8_t byte) { return byte == 0; }));
}

TEST(FrameCodec, ManyFramesByteByByte) {
  Bytes stream;
  for (const Frame& frame : sample_frames()) append(stream, encoded(frame));
  FrameDecoder decoder(kSmallestMaxPayload, FrameDecoder::First::hello);
  Bytes again;
  for (std::uint8_t byte : stream) {
    ByteView one(&byte, 1);
    auto frame = decoder.next(one);
    ASSERT_TRUE(frame.has_value());
    if (*frame) append(again, encoded(**frame));
    EXPECT_LE(decoder.buffered(), kFrameHeaderSize + kSmallestMaxPayload);
  }
  EXPECT_EQ(again, stream);
}

// A payload that is shorter than its fields is refused, or is itself a whole frame with a shorter last field.
TEST(FrameCodec, EveryTruncationIsRefusedOrCanonical) {
  for (const Frame& frame : sample_frames()) {
    const Bytes bytes = encoded(frame);
    for (std::size_t size = 0; size < bytes.size() - kFrameHeaderSize; ++size) {
      auto decoded = decode_payload(bytes[0], frame.id, ByteView{bytes}.subspan(kFrameHeaderSize, size));
      if (!decoded) {
        EXPECT_EQ(decoded.error().code, LinkErrorCode::malformed_frame);
        continue;
      }
      ASSERT_TRUE(decoded->has_value());
      const Bytes again = encoded(**decoded);
      ASSERT_EQ(again.size(), kFrameHeaderSize + size);
      EXPECT_TRUE(
          std::equal(again.begin() + kFrameHeaderSize, again.end(), bytes.begin() + kFrameHeaderSize));
    }
  }
}

TEST(FrameCodec, FixedFramesTakeNoOtherSize) {
  for (auto type : {FrameType::ping, FrameType::pong, FrameType::cancel, FrameType::outcome}) {
    for (const Frame& frame : sample_frames()) {
      if (type_of(frame.body) != type) continue;
      Bytes payload = encoded(frame);
      payload.erase(payload.begin(), payload.begin() + kFrameHeaderSize);
      EXPECT_TRUE(decode_payload(static_cast<std::uint8_t>(type), frame.id, payload).has_value());
      EXPECT_FALSE(decode_payload(static_cast<std::uint8_t>(type), frame.id, ByteView{payload}.subspan(1)));
      payload.push_back(0);
      EXPECT_FALSE(decode_payload(static_cast<std::uint8_t>(type), frame.id, payload));
    }
  }
}

TEST(FrameCodec, EveryBitFlipIsRefusedSkippedOrCanonical) {
  for (const Frame& frame : sample_frames()) {
    const Bytes bytes = encoded(frame);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      Bytes flipped = bytes;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      auto decoded = decode(flipped);
      if (!decoded || !*decoded) continue;
      const Bytes again = encoded(**decoded);
      ASSERT_FALSE(again.empty());
      // A smaller length leaves a rest, which is the next frame's business.
      ASSERT_LE(again.size(), flipped.size());
      EXPECT_TRUE(std::equal(again.begin(), again.end(), flipped.begin())) << to_string(type_of(frame.body));
    }
  }
}

TEST(FrameCodec, UnknownTypes) {
  const Bytes required = {64, 0, 0, 0, 0, 0, 0, 7};
  EXPECT_EQ(error_of(required), LinkErrorCode::unknown_frame_type);
  // Optional frames are skipped, with and without id, and the next frame is found behind them.
  Bytes stream = {128, 0, 0, 3, 0, 0, 0, 7, 1, 2, 3, 255, 0, 0, 0, 0, 0, 0, 0};
  append(stream, encoded({HandshakeId::link, Ping{5}}));
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    auto frame = decode(stream, cut);
    ASSERT_TRUE(frame && *frame) << cut;
    EXPECT_EQ(std::get<Ping>((*frame)->body).value, 5U);
  }
  const Bytes too_large = {128, 0, 0x80, 0, 0, 0, 0, 7};
  EXPECT_EQ(error_of(too_large, kSmallestMaxPayload), LinkErrorCode::frame_too_large);
}

TEST(FrameCodec, UnknownReasonsAreKept) {
  expect_round_trip({kSomeHandshake, Cancel{static_cast<CancelReason>(200)}});
  expect_round_trip(
      {kSomeHandshake, Outcome{static_cast<OutcomeKind>(99), tls::Alert{3}, static_cast<AlertFrom>(9)}});
  expect_round_trip({HandshakeId::link, LinkError{static_cast<LinkErrorCode>(999), "later"}});
  EXPECT_EQ(to_string(static_cast<FailureReason>(77)), "unknown");
}

TEST(FrameCodec, IdsBelongToTheirTypes) {
  Bytes ping = encoded({HandshakeId::link, Ping{5}});
  ping[7] = 1;
  EXPECT_EQ(error_of(ping), LinkErrorCode::malformed_frame);
  Bytes cancel = encoded({kSomeHandshake, Cancel{}});
  cancel[7] = 0;
  EXPECT_EQ(error_of(cancel), LinkErrorCode::malformed_frame);
}

TEST(FrameCodec, OpenFlagsAndHandoffKindMustBeZero) {
  Bytes open = encoded({kSomeHandshake, sample_open()});
  open[kFrameHeaderSize + 16 + 2 + 1 + 5 + 16 + 4] = 1;
  EXPECT_EQ(error_of(open), LinkErrorCode::malformed_frame);
  Bytes handoff = encoded({kSomeHandshake, Handoff{600, {}, some_secret(97)}});
  handoff[kFrameHeaderSize] = 1;
  EXPECT_EQ(error_of(handoff), LinkErrorCode::malformed_frame);
}

TEST(FrameCodec, TheFirstFrameIsAHello) {
  FrameDecoder decoder(kSmallestMaxPayload, FrameDecoder::First::hello);
  const Bytes http = {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'};
  ByteView bytes = http;
  auto frame = decoder.next(bytes);
  ASSERT_FALSE(frame.has_value());
  EXPECT_EQ(frame.error().code, LinkErrorCode::hello_expected);

  FrameDecoder optional(kSmallestMaxPayload, FrameDecoder::First::hello);
  const Bytes skippable = {128, 0, 0, 0, 0, 0, 0, 0};
  bytes = skippable;
  EXPECT_FALSE(optional.next(bytes).has_value());

  const Bytes large_hello = {1, 0, 0x04, 0x01, 0, 0, 0, 0};
  EXPECT_EQ(error_of(large_hello), LinkErrorCode::frame_too_large);
}

}  // namespace
}  // namespace baton::offload::test
