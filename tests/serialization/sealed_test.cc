// Sealed connections: what opens an envelope, what does not, and that it opens once.
#include "serialization/sealed.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <thread>

#include "support/states.h"

namespace baton::serialization {
namespace {

using std::chrono::seconds;
using tls::ConnectionState;

constexpr auto kV1 = SerializationVersion::v1;
constexpr UnixTime kNow{seconds{1'800'000'000}};
constexpr std::size_t kHeader = 50;
constexpr std::size_t kTag = 16;

KeyRing make_ring() {
  return KeyRing::create(kNow).value();
}

// What another host reads from the same file.
KeyRing copy_of(const KeyRing& ring) {
  return KeyRing::parse_unprotected(ring.to_text_unprotected(), "copy").value();
}

SealOptions options_for(std::string audience = "cluster-1", std::string purpose = "handover") {
  return {std::move(audience), std::move(purpose), seconds(60), seconds(30)};
}

class SealedTest : public test::SeededTest {
 protected:
  Seal seal_with(const KeyRing& ring, SealOptions options = options_for()) const {
    return Seal::create(copy_of(ring), claims_, std::move(options)).value();
  }

  // An idle connection as they are: with names and a digest of the peer's certificate.
  ConnectionState make_state(const tls::CipherSuite& suite, Role role = Role::server) {
    auto pair = test::make_states(suite, random_, random_(), random_());
    ConnectionState state = std::move(role == Role::server ? pair.server : pair.client);
    state.server_name = "www.example.com";
    state.alpn = "h2";
    state.handshake_time = kNow;
    state.peer_digest.emplace().fill(7);
    return state;
  }
  ConnectionState make_state() { return make_state(tls::cipher_suites().front()); }

  Bytes seal_new(const Seal& with, UnixTime now = kNow) { return seal(make_state(), kV1, with, now).value(); }

  // The error code of opening; none when it opens.
  static std::optional<ErrorCode> open_code(ByteView envelope, const Seal& with, UnixTime now = kNow,
                                            Role role = Role::server, const ImportPolicy& policy = {}) {
    auto state = open(envelope, with, {role, policy, now});
    return state ? std::nullopt : std::optional(state.error().code);
  }

  std::shared_ptr<MemoryClaimStore> claims_ = std::make_shared<MemoryClaimStore>();
  KeyRing ring_ = make_ring();
  Seal seal_ = seal_with(ring_);
};

TEST_F(SealedTest, RoundTripsEverySuiteAndRole) {
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    for (const Role role : {Role::server, Role::client}) {
      const auto plain = serialize_unprotected(make_state(suite, role), kV1);
      auto envelope = seal(deserialize_unprotected(*plain).value(), kV1, seal_, kNow);
      ASSERT_TRUE(envelope) << envelope.error().message;
      auto state = open(*envelope, seal_, {role, {}, kNow});
      ASSERT_TRUE(state) << state.error().message;
      EXPECT_EQ(*serialize_unprotected(std::move(*state), kV1), *plain);
    }
  }
}

TEST_F(SealedTest, SealingConsumesTheStateAlsoWhereItFails) {
  const auto is_empty = [](const ConnectionState& state) {
    return state.read.keying.empty() && state.write.keying.empty() && state.server_name.empty();
  };
  ConnectionState state = make_state();
  ASSERT_TRUE(seal(std::move(state), kV1, seal_, kNow));
  EXPECT_TRUE(is_empty(state));
  state = make_state();
  auto off = seal(std::move(state), SerializationVersion::none, seal_, kNow);
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, ErrorCode::refused);
  EXPECT_TRUE(is_empty(state));
  constexpr UnixTime kEndOf9999{seconds{253'402'300'799}};
  for (const UnixTime now : {UnixTime::min(), UnixTime(seconds(-1)), kEndOf9999, UnixTime::max()}) {
    state = make_state();
    auto no_time = seal(std::move(state), kV1, seal_, now);
    ASSERT_FALSE(no_time);
    EXPECT_EQ(no_time.error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(is_empty(state));
  }
}

TEST_F(SealedTest, AnEnvelopeHoldsNothingInPlaintext) {
  const Bytes envelope = seal_new(seal_);
  for (const std::string_view text : {"www.example.com", "cluster-1", "handover", "BATN"}) {
    EXPECT_EQ(as_text(envelope).find(text), std::string_view::npos) << text;
  }
}

TEST_F(SealedTest, IdleConnectionsHaveEnvelopesOfOneSize) {
  for (const tls::CipherSuite& suite : tls::cipher_suites()) {
    for (const bool bare : {false, true}) {
      ConnectionState state = make_state(suite);
      if (bare) state = test::make_states(suite, random_).server;
      EXPECT_EQ(seal(std::move(state), kV1, seal_, kNow)->size(), kHeader + 1024 + kTag) << suite.name;
    }
  }
}

TEST_F(SealedTest, LargerOnesRoundUpToAPowerOfTwo) {
  const std::size_t names = std::string("cluster-1handover").size();
  for (const std::size_t size : {1024, 1025, 2048, 2049, 100'000}) {
    ConnectionState state = test::make_states(tls::cipher_suites().front(), random_).server;
    // 39 bytes of content stand beside the names, and 6 in front of the field.
    state.unread_plaintext.resize(size - 39 - names - serialization_length(state, kV1) - 6);
    auto envelope = seal(std::move(state), kV1, seal_, kNow);
    ASSERT_TRUE(envelope);
    const std::size_t padded = std::bit_ceil(size);
    EXPECT_EQ(envelope->size(), kHeader + padded + kTag) << size;
    EXPECT_EQ(open_code(*envelope, seal_), std::nullopt);
  }
}

TEST_F(SealedTest, TheLargestConnectionIsSealedAndOpened) {
  Seal longest = seal_with(ring_, options_for(std::string(255, 'a'), std::string(255, 'p')));
  ConnectionState state = make_state();
  state.unread_plaintext.resize(kMaxSerializedSize - serialization_length(state, kV1) - 6);
  ASSERT_EQ(serialization_length(state, kV1), kMaxSerializedSize);
  auto envelope = seal(std::move(state), kV1, longest, kNow);
  ASSERT_TRUE(envelope) << envelope.error().message;
  EXPECT_EQ(open_code(*envelope, longest), std::nullopt);
  EXPECT_EQ(open_code(Bytes(envelope->size() + 1), longest), ErrorCode::limit_exceeded);
}

TEST_F(SealedTest, TwoEnvelopesOfOneStateDifferEverywhere) {
  const auto plain = serialize_unprotected(make_state(), kV1);
  const auto seal_it = [&] {
    return seal(deserialize_unprotected(*plain).value(), kV1, seal_, kNow).value();
  };
  const Bytes a = seal_it();
  const Bytes b = seal_it();
  const auto part = [](ByteView bytes, std::size_t from, std::size_t size) {
    return to_hex(bytes.subspan(from, size));
  };
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(part(a, 0, 14), part(b, 0, 14)) << "magic, version, key id";
  EXPECT_NE(part(a, 14, 32), part(b, 14, 32)) << "salt";
  for (std::size_t from = kHeader; from + 16 <= a.size(); from += 16) {
    EXPECT_NE(part(a, from, 16), part(b, from, 16)) << "block at " << from;
  }
  EXPECT_NE(inspect_unprotected(a, ring_)->envelope.claim_id,
            inspect_unprotected(b, ring_)->envelope.claim_id);
}

TEST_F(SealedTest, OpensOnce) {
  const Bytes envelope = seal_new(seal_);
  EXPECT_EQ(open_code(envelope, seal_), std::nullopt);
  EXPECT_EQ(open_code(envelope, seal_), ErrorCode::already_claimed);
  EXPECT_EQ(open_code(envelope, seal_with(ring_)), ErrorCode::already_claimed)
      << "a new seal, the same store";
  EXPECT_EQ(open_code(envelope, seal_, kNow + seconds(60)), ErrorCode::expired);
}

TEST_F(SealedTest, AClockThatIsSetBackOpensNothingAgain) {
  const Bytes first = seal_new(seal_);
  EXPECT_EQ(open_code(first, seal_), std::nullopt);
  EXPECT_EQ(open_code(seal_new(seal_, kNow + seconds(100)), seal_, kNow + seconds(100)), std::nullopt);
  ASSERT_EQ(claims_->size(), 1u) << "the first is forgotten";
  EXPECT_EQ(open_code(first, seal_), ErrorCode::expired);
}

// Each refusal has a code of its own, spends nothing, and leaves the envelope to whom it is for.
TEST_F(SealedTest, WhatIsRefusedIsNotSpent) {
  const tls::CipherSuite& tls12 = *tls::find_cipher_suite(0xC02F);
  const Bytes envelope = seal(make_state(tls12), kV1, seal_, kNow).value();
  const auto refuses = [&](ErrorCode code, const Seal& with, UnixTime now = kNow, Role role = Role::server,
                           const ImportPolicy& policy = {}) {
    EXPECT_EQ(open_code(envelope, with, now, role, policy), code) << to_string(code);
  };
  refuses(ErrorCode::wrong_audience, seal_with(ring_, options_for("cluster-2")));
  refuses(ErrorCode::wrong_purpose, seal_with(ring_, options_for("cluster-1", "restart")));
  refuses(ErrorCode::wrong_role, seal_, kNow, Role::client);
  refuses(ErrorCode::not_yet_valid, seal_, kNow - seconds(31));
  refuses(ErrorCode::not_yet_valid, seal_, UnixTime::min());
  refuses(ErrorCode::expired, seal_, kNow + seconds(60));
  refuses(ErrorCode::expired, seal_, UnixTime::max());
  refuses(ErrorCode::unknown_key, seal_with(make_ring()));
  ImportPolicy newer;
  newer.min_version = ProtocolVersion::tls13;
  refuses(ErrorCode::not_allowed, seal_, kNow, Role::server, newer);
  ImportPolicy smaller;
  smaller.max_size = 100;
  refuses(ErrorCode::limit_exceeded, seal_, kNow, Role::server, smaller);
  EXPECT_EQ(claims_->size(), 0u);
  EXPECT_EQ(open_code(envelope, seal_), std::nullopt);
}

TEST_F(SealedTest, OpensFromTheSkewBeforeItsSealingToItsLastSecond) {
  EXPECT_EQ(open_code(seal_new(seal_), seal_, kNow - seconds(30)), std::nullopt);
  EXPECT_EQ(open_code(seal_new(seal_), seal_, kNow + seconds(59)), std::nullopt);
}

TEST_F(SealedTest, RefusalsNameWhatWasExpectedAndWhatWasFound) {
  const auto message_of = [](ByteView envelope, const Seal& with, Role role = Role::server) {
    auto state = open(envelope, with, {role, {}, kNow});
    return state ? "it opened" : state.error().message;
  };
  const Bytes envelope = seal_new(seal_with(ring_, options_for("a'\n\xC3", "handover")));
  EXPECT_EQ(message_of(envelope, seal_),
            "the envelope is for audience 'a\\x27\\x0a\\xc3', and this is 'cluster-1'");
  EXPECT_EQ(message_of(seal_new(seal_), seal_with(ring_, options_for("cluster-1", "park"))),
            "the envelope was sealed for purpose 'handover', and 'park' is expected");
  EXPECT_EQ(message_of(seal_new(seal_), seal_, Role::client),
            "the envelope holds a server's connection; a client's is expected");
  EXPECT_EQ(message_of(seal_new(seal_), seal_with(make_ring())),
            "the envelope is sealed under key " + ring_.keys()[1].id + ", which is not in the key ring");
}

TEST_F(SealedTest, EveryTruncationIsRefused) {
  const Bytes envelope = seal_new(seal_);
  for (std::size_t length = 0; length < envelope.size(); ++length) {
    EXPECT_EQ(open_code(ByteView(envelope).first(length), seal_), ErrorCode::truncated) << length;
  }
  EXPECT_EQ(claims_->size(), 0u);
}

TEST_F(SealedTest, TrailingBytesAreRefused) {
  Bytes envelope = seal_new(seal_);
  envelope.push_back(0);
  EXPECT_EQ(open_code(envelope, seal_), ErrorCode::malformed);
}

TEST_F(SealedTest, EveryFlippedBitIsRefused) {
  const auto expected = [](std::size_t byte) {
    if (byte < 4) return ErrorCode::malformed;                 // magic
    if (byte < 6) return ErrorCode::unsupported_version;       // version
    if (byte < 14) return ErrorCode::unknown_key;              // key id
    if (byte >= 46 && byte < 50) return ErrorCode::malformed;  // length
    return ErrorCode::bad_seal;
  };
  const Bytes envelope = seal_new(seal_);
  std::string bad_seal;
  for (std::size_t bit = 0; bit < 8 * envelope.size(); ++bit) {
    Bytes changed = envelope;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    auto state = open(changed, seal_, {Role::server, {}, kNow});
    ASSERT_FALSE(state) << "bit " << bit;
    ASSERT_EQ(state.error().code, expected(bit / 8)) << "bit " << bit << ": " << state.error().message;
    if (state.error().code != ErrorCode::bad_seal) continue;
    if (bad_seal.empty()) bad_seal = state.error().message;
    ASSERT_EQ(state.error().message, bad_seal) << "bit " << bit;
  }
  EXPECT_EQ(claims_->size(), 0u);
  EXPECT_EQ(open_code(envelope, seal_), std::nullopt);
}

TEST_F(SealedTest, UnknownVersionsAreNamed) {
  Bytes envelope = seal_new(seal_);
  envelope[5] = 7;
  auto state = open(envelope, seal_, {Role::server, {}, kNow});
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().message, "cannot read envelope version 7, newest known is 1");
}

// A store that is out of order.
class BrokenStore final : public ClaimStore {
 public:
  Result<void> claim(const ClaimId& /*id*/, UnixTime /*expires_at*/, UnixTime /*now*/) override {
    return tl::unexpected<Error>(Error{ErrorCode::io, "the disk is gone"});
  }
};

TEST_F(SealedTest, AStoreThatCannotTellRefuses) {
  const Seal broken = Seal::create(copy_of(ring_), std::make_shared<BrokenStore>(), options_for()).value();
  auto state = open(seal_new(seal_), broken, {Role::server, {}, kNow});
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ErrorCode::io);
  EXPECT_EQ(state.error().message, "the disk is gone");
}

TEST_F(SealedTest, OfManyThreadsOneOpensAnEnvelope) {
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kRounds = 50;
  std::vector<Bytes> envelopes;
  for (std::size_t i = 0; i < kRounds; ++i) envelopes.push_back(seal_new(seal_));
  std::barrier round(kThreads);
  std::array<std::atomic<int>, kRounds> opened{};
  std::atomic<int> strange = 0;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, own = seal_] {
      for (std::size_t i = 0; i < kRounds; ++i) {
        round.arrive_and_wait();
        const auto code = open_code(envelopes[i], own);
        if (!code) ++opened[i];
        if (code && code != ErrorCode::already_claimed) ++strange;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : opened) EXPECT_EQ(count, 1);
  EXPECT_EQ(strange, 0);
  EXPECT_EQ(claims_->size(), kRounds);
}

TEST_F(SealedTest, RotationHasNoGap) {
  KeyRing rotated = copy_of(ring_);
  ASSERT_TRUE(rotated.rotate(kNow));
  const Seal before = seal_with(ring_);
  const Seal after = seal_with(rotated);
  const Bytes from_after = seal_new(after);
  EXPECT_EQ(read_envelope_header(from_after)->key_id, ring_.keys()[0].id) << "its next key";
  EXPECT_EQ(open_code(from_after, before), std::nullopt) << "by a host that has not read the new file yet";
  EXPECT_EQ(open_code(seal_new(before), after), std::nullopt) << "the other way round";
}

TEST_F(SealedTest, ARetiredKeyOpensNothing) {
  const Bytes envelope = seal_new(seal_);
  const std::string id = ring_.keys()[1].id;
  KeyRing rotated = copy_of(ring_);
  ASSERT_TRUE(rotated.rotate(kNow));
  ASSERT_TRUE(rotated.retire(id));
  EXPECT_EQ(open_code(envelope, seal_with(rotated)), ErrorCode::unknown_key);
  EXPECT_EQ(open_code(envelope, seal_), std::nullopt);
}

TEST_F(SealedTest, InspectingShowsEverythingAndSpendsNothing) {
  const Bytes envelope = seal_new(seal_);
  auto inspected = inspect_unprotected(envelope, ring_);
  ASSERT_TRUE(inspected) << inspected.error().message;
  EXPECT_EQ(inspected->envelope.sealed_at, kNow);
  EXPECT_EQ(inspected->envelope.expires_at, kNow + seconds(60));
  EXPECT_EQ(inspected->envelope.role, Role::server);
  EXPECT_EQ(inspected->envelope.purpose, "handover");
  EXPECT_EQ(inspected->envelope.audience, "cluster-1");
  EXPECT_NE(inspected->envelope.claim_id, ClaimId{});
  EXPECT_EQ(inspected->state.server_name, "www.example.com");
  EXPECT_EQ(claims_->size(), 0u);
  EXPECT_EQ(open_code(envelope, seal_), std::nullopt);
  EXPECT_EQ(inspect_unprotected(envelope, make_ring()).error().code, ErrorCode::unknown_key);
  Bytes changed = envelope;
  changed.back() ^= 1;
  EXPECT_EQ(inspect_unprotected(changed, ring_).error().code, ErrorCode::bad_seal);
}

TEST_F(SealedTest, TheHeaderIsReadWithoutAKeyAndWithoutTheRest) {
  const Bytes envelope = seal_new(seal_);
  for (const std::size_t size : {kHeader, envelope.size()}) {
    auto header = read_envelope_header(ByteView(envelope).first(size));
    ASSERT_TRUE(header) << header.error().message;
    EXPECT_EQ(header->version, kNewestEnvelope);
    EXPECT_EQ(header->key_id, ring_.keys()[1].id);
    EXPECT_EQ(header->ciphertext_size, 1024 + kTag);
  }
  EXPECT_EQ(read_envelope_header(ByteView(envelope).first(kHeader - 1)).error().code, ErrorCode::truncated);
  EXPECT_TRUE(looks_sealed(envelope));
  EXPECT_TRUE(looks_sealed(ByteView(envelope).first(4)));
  EXPECT_FALSE(looks_sealed(ByteView(envelope).first(3)));
  EXPECT_FALSE(looks_sealed(*serialize_unprotected(make_state(), kV1)));
}

TEST_F(SealedTest, SealsAreMadeWithOptionsInRangeOnly) {
  const auto makes = [&](SealOptions options) {
    auto made = Seal::create(copy_of(ring_), claims_, std::move(options));
    EXPECT_TRUE(made || made.error().code == ErrorCode::invalid_argument);
    return made.has_value();
  };
  const auto timed = [](seconds lifetime, seconds skew) { return SealOptions{"a", "p", lifetime, skew}; };
  EXPECT_TRUE(makes(options_for(std::string(255, 'a'), std::string(255, 'p'))));
  EXPECT_FALSE(makes(options_for("", "p")));
  EXPECT_FALSE(makes(options_for("a", "")));
  EXPECT_FALSE(makes(options_for(std::string(256, 'a'), "p")));
  EXPECT_FALSE(makes(options_for("a", std::string(256, 'p'))));
  EXPECT_TRUE(makes(timed(seconds(1), seconds(0))));
  EXPECT_TRUE(makes(timed(std::chrono::days(365), std::chrono::hours(1))));
  EXPECT_FALSE(makes(timed(seconds(0), seconds(0))));
  EXPECT_FALSE(makes(timed(std::chrono::days(365) + seconds(1), seconds(0))));
  EXPECT_FALSE(makes(timed(seconds::max(), seconds(0))));
  EXPECT_FALSE(makes(timed(seconds(1), seconds(-1))));
  EXPECT_FALSE(makes(timed(seconds(1), std::chrono::hours(1) + seconds(1))));
  EXPECT_FALSE(Seal::create(copy_of(ring_), nullptr, options_for()));
}

}  // namespace
}  // namespace baton::serialization
