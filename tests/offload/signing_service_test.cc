// Signatures at the key store's end of a link: who gets one, who is refused, and what the log says of both.

#include <gtest/gtest.h>

#include "offload/fake_key.h"
#include "offload/service_pair.h"
#include "offload/signing_inputs.h"

namespace baton::offload::test {
namespace {

using enum SigningRefusal;
using handshake::KeyKind;
using std::chrono::milliseconds;

Bytes backwards(const Bytes& input) {
  return {input.rbegin(), input.rend()};
}

constexpr KeyDigest kQuick{1};
constexpr KeyDigest kSlow{2};
constexpr KeyDigest kOfAnother{3};

struct SigningPair {
  explicit SigningPair(LinkLimits limits = {}) : client({}, {"app 1"}), service(config(limits)) {
    pump();
    take_events(client);
  }

  ServiceConfig config(LinkLimits limits) {
    ServiceConfig result;
    result.endpoint = endpoint;
    result.selector_for = [](const Open&) {
      return [](const handshake::ClientHelloInfo&) -> handshake::TenantChoice {
        return std::shared_ptr<const handshake::Tenant>();
      };
    };
    result.version = kV1;
    result.link = limits;
    result.signing.timeout = milliseconds(1000);
    result.signing.grant = [this](const KeyDigest& key) -> tl::expected<SigningGrant, std::string> {
      if (key == kQuick) return SigningGrant{quick, kServerKinds, "www.example.com"};
      if (key == kSlow) return SigningGrant{slow, kServerKinds, "shop.example"};
      return tl::unexpected<std::string>(key == kOfAnother ? "it is another one's" : "there is none");
    };
    result.signing.admission = [this](const Sign&, TimePoint) -> SigningAdmitted {
      ++asked;
      if (!room) return tl::unexpected(SigningRefused{rate_limited, "too many"});
      return std::move(*places.take(0));
    };
    return result;
  }

  void pump() {
    while (!client.output().empty() || !service.output().empty()) {
      ASSERT_TRUE(service.receive(take_output(client), now));
      ASSERT_TRUE(client.receive(take_output(service)));
    }
  }

  HandshakeId sign(const KeyDigest& key, Bytes input, std::uint16_t scheme = 0x0403,
                   SigningKind kind = SigningKind::tls13_server, std::uint32_t deadline_ms = 0) {
    Sign request = sample_sign();
    request.kind = kind;
    request.scheme = scheme;
    request.key = key;
    request.deadline_ms = deadline_ms;
    request.input = std::move(input);
    const auto id = client.sign(std::move(request));
    pump();
    return id ? *id : HandshakeId::link;
  }

  std::optional<SigningRefusal> refusal() {
    const auto refused = only_event<Received<SignRefused>>(client);
    return refused ? std::optional(refused->body.reason) : std::nullopt;
  }

  SigningEvent log() {
    auto event = service.next_signing_event();
    EXPECT_TRUE(event);
    EXPECT_FALSE(service.next_signing_event()) << "one line for each request";
    return event ? *event : SigningEvent();
  }

  bool is_empty() {
    return client.in_flight() == 0 && service.link().in_flight() == 0 && service.held() == 0 &&
           !service.next_deadline() && places.take(0).has_value();
  }

  std::shared_ptr<FakeEndpoint> endpoint = std::make_shared<FakeEndpoint>();
  std::shared_ptr<FakeKey> quick = std::make_shared<FakeKey>(KeyKind::ecdsa_p256);
  std::shared_ptr<FakeKey> slow = std::make_shared<FakeKey>(KeyKind::rsa);
  bool room = true;
  int asked = 0;
  FairRoom places{100, 1};
  TimePoint now{};
  LinkClient client;
  HandshakeService service;
};

const Bytes kInput = certificate_verify(kServerContext, 32);

TEST(SigningService, AQuickKeySignsAtOnce) {
  SigningPair pair;
  pair.sign(kQuick, kInput);
  const auto answer = only_event<Received<Signature>>(pair.client);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.signature, backwards(kInput));
  EXPECT_FALSE(pair.service.take_pending());
  EXPECT_TRUE(pair.is_empty());
}

TEST(SigningService, ASlowKeySignsOnAWorker) {
  SigningPair pair;
  const Bytes input = server_key_exchange(23, 65);
  pair.sign(kSlow, input, 0x0804, SigningKind::tls12_server);
  EXPECT_FALSE(pair.client.next_event());
  auto step = pair.service.take_pending();
  ASSERT_TRUE(step);
  step->run();
  pair.service.finish(*step, pair.now);
  pair.pump();
  const auto answer = only_event<Received<Signature>>(pair.client);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.signature, backwards(input));
  EXPECT_TRUE(pair.is_empty());
}

TEST(SigningService, TheLogNamesWhatWasSigned) {
  SigningPair pair;
  pair.sign(kQuick, kInput);
  const SigningEvent tls13 = pair.log();
  EXPECT_EQ(tls13.outcome, SigningOutcome::signed_);
  EXPECT_EQ(tls13.trace_id, sample_sign().trace_id);
  EXPECT_EQ(tls13.client, sample_sign().client);
  EXPECT_EQ(tls13.key, kQuick);
  EXPECT_EQ(tls13.label, "www.example.com");
  EXPECT_EQ(tls13.scheme, 0x0403);
  EXPECT_EQ(tls13.transcript_hash, to_hex(ByteView(kInput).last(32)));
  EXPECT_EQ(tls13.input_sha256, "");

  pair.sign(kQuick, server_key_exchange(29, 32), 0x0403, SigningKind::tls12_server);
  const SigningEvent tls12 = pair.log();
  EXPECT_EQ(tls12.transcript_hash, "");
  EXPECT_EQ(tls12.input_sha256.size(), 64U);
}

TEST(SigningService, RefusalsAreAnsweredAndLogged) {
  SigningPair pair;
  struct Row {
    const char* what;
    KeyDigest key;
    Bytes input;
    SigningKind kind;
    std::uint16_t scheme;
    SigningRefusal reason;
  };
  using enum SigningKind;
  const Row rows[] = {
      {"a bare digest", kQuick, Bytes(32, 7), tls13_server, 0x0403, input_refused},
      {"another kind", kQuick, server_key_exchange(29, 32), tls13_server, 0x0403, input_refused},
      {"a client", kQuick, certificate_verify(kClientContext, 32), tls13_client, 0x0403, kind_refused},
      {"a client's as a server's", kQuick, certificate_verify(kClientContext, 32), tls13_server, 0x0403,
       input_refused},
      {"an unknown kind", kQuick, kInput, static_cast<SigningKind>(77), 0x0403, kind_refused},
      {"another scheme", kQuick, kInput, tls13_server, 0x0804, scheme_refused},
      {"SHA-1", kQuick, server_key_exchange(29, 32), tls12_server, 0x0203, scheme_refused},
      {"PKCS#1 in TLS 1.3", kSlow, kInput, tls13_server, 0x0401, scheme_refused},
      {"another one's key", kOfAnother, kInput, tls13_server, 0x0403, key_refused},
      {"no key at all", KeyDigest{9}, kInput, tls13_server, 0x0403, key_refused},
  };
  for (const Row& row : rows) {
    pair.sign(row.key, row.input, row.scheme, row.kind);
    EXPECT_EQ(pair.refusal(), row.reason) << row.what;
    const SigningEvent event = pair.log();
    EXPECT_EQ(event.outcome, SigningOutcome::refused) << row.what;
    EXPECT_EQ(event.reason, row.reason) << row.what;
    EXPECT_FALSE(event.text.empty()) << row.what;
    EXPECT_NE(event.transcript_hash.empty(), event.input_sha256.empty()) << row.what;
  }
  EXPECT_TRUE(pair.is_empty());
  pair.sign(kQuick, kInput);
  EXPECT_TRUE(only_event<Received<Signature>>(pair.client)) << "the link has not suffered";
}

// Whoever may not use a key does not hear whether it is there.
TEST(SigningService, AKeyOfAnotherOneLooksLikeNone) {
  SigningPair pair;
  pair.sign(kOfAnother, kInput);
  const auto another = only_event<Received<SignRefused>>(pair.client);
  EXPECT_EQ(pair.log().text, "it is another one's");
  pair.sign(KeyDigest{9}, kInput);
  const auto none = only_event<Received<SignRefused>>(pair.client);
  EXPECT_EQ(pair.log().text, "there is none");
  ASSERT_TRUE(another && none);
  EXPECT_EQ(another->body.text, none->body.text);
}

TEST(SigningService, AFloodIsRefusedBeforeItIsLookedAt) {
  SigningPair pair;
  pair.room = false;
  for (int i = 0; i < 1000; ++i) {
    pair.sign(kOfAnother, Bytes(4096, 1));
    EXPECT_EQ(pair.refusal(), rate_limited);
    EXPECT_EQ(pair.log().reason, rate_limited);
  }
  EXPECT_EQ(pair.asked, 1000);
  EXPECT_TRUE(pair.is_empty());
}

TEST(SigningService, ABrokenKeyIsInternal) {
  SigningPair pair;
  pair.quick->breaks = true;
  pair.sign(kQuick, kInput);
  EXPECT_EQ(pair.refusal(), internal);
  EXPECT_TRUE(pair.is_empty());
}

// It is answered at once, and not kept until its deadline.
TEST(SigningService, ASignatureThatFitsNoFrameIsInternal) {
  SigningPair pair;
  pair.quick->at_least = kMaxSignature + 1;
  pair.sign(kQuick, kInput);
  EXPECT_EQ(pair.refusal(), internal);
  EXPECT_EQ(pair.log().reason, internal);
  EXPECT_TRUE(pair.is_empty());
}

TEST(SigningService, ADeadlineIsKeptAndCanOnlyBeShorter) {
  for (const std::uint32_t asked : {0U, 100U, 1'000'000U}) {
    SigningPair pair;
    pair.sign(kSlow, kInput, 0x0804, SigningKind::tls13_server, asked);
    auto step = pair.service.take_pending();
    ASSERT_TRUE(step);
    pair.now += milliseconds(asked == 100 ? 99 : 999);
    pair.service.expire(pair.now);
    pair.pump();
    EXPECT_FALSE(pair.client.next_event());
    pair.now += milliseconds(1);
    ASSERT_EQ(pair.service.next_deadline(), pair.now);
    pair.service.expire(pair.now);
    pair.pump();
    EXPECT_EQ(pair.refusal(), deadline);
    EXPECT_EQ(pair.service.held(), 1U) << "the worker has it";
    pair.service.finish(*step, pair.now);
    EXPECT_TRUE(pair.is_empty());
  }
}

// R9: what is cancelled costs no signature, and nothing stays.
TEST(SigningService, CancelledOnesAreForgotten) {
  SigningPair pair;
  for (int i = 0; i < 5000; ++i) {
    const HandshakeId id = pair.sign(kSlow, kInput, 0x0804);
    auto step = i % 2 == 0 ? pair.service.take_pending() : std::nullopt;
    pair.client.cancel(id, CancelReason::client_gone);
    pair.pump();
    EXPECT_EQ(pair.log().outcome, SigningOutcome::cancelled);
    if (step) pair.service.finish(*step, pair.now);
    ASSERT_TRUE(pair.is_empty()) << i;
  }
  EXPECT_FALSE(pair.service.take_pending());
  EXPECT_FALSE(pair.client.next_event());
}

TEST(SigningService, CancelledOnesWithAWorkerCountAsInFlight) {
  LinkLimits two;
  two.max_in_flight = 2;
  SigningPair pair(two);
  std::vector<PendingStep> steps;
  for (int count = 0; count < 2; ++count) {
    const HandshakeId id = pair.sign(kSlow, kInput, 0x0804);
    steps.push_back(*pair.service.take_pending());
    pair.client.cancel(id, CancelReason::client_gone);
    pair.pump();
  }
  pair.sign(kSlow, kInput, 0x0804);
  EXPECT_EQ(pair.refusal(), overloaded);
  for (const PendingStep& step : steps) pair.service.finish(step, pair.now);
  EXPECT_TRUE(pair.is_empty());
}

TEST(SigningService, AStepThatWasNotRunIsOverload) {
  SigningPair pair;
  pair.sign(kSlow, kInput, 0x0804);
  pair.service.finish(*pair.service.take_pending(), pair.now);
  pair.pump();
  EXPECT_EQ(pair.refusal(), overloaded);
  EXPECT_TRUE(pair.is_empty());
}

TEST(SigningService, ALostLinkEndsThem) {
  SigningPair pair;
  pair.sign(kSlow, kInput, 0x0804);
  auto step = pair.service.take_pending();
  pair.service.lose_link(pair.now);
  EXPECT_EQ(pair.log().outcome, SigningOutcome::link_lost);
  step->run();
  pair.service.finish(*step, pair.now);
  EXPECT_EQ(pair.service.held(), 0U);
}

TEST(SigningService, AWorkerDoesNotSignForAServiceThatIsGone) {
  std::optional<PendingStep> step;
  std::shared_ptr<FakeKey> key;
  {
    SigningPair pair;
    key = pair.slow;
    pair.sign(kSlow, kInput, 0x0804);
    step = pair.service.take_pending();
  }
  ASSERT_TRUE(step);
  step->run();
  EXPECT_EQ(key->signatures, 0);
}

TEST(SigningService, ASignThatCrossesGoAwayIsRefused) {
  SigningPair pair;
  Sign request = sample_sign();
  ASSERT_TRUE(pair.client.sign(request));
  pair.service.go_away("restart");
  pair.pump();
  bool refused = false;
  for (ClientEvent& event : take_events(pair.client)) {
    const auto* body = std::get_if<Received<SignRefused>>(&event);
    refused = refused || (body != nullptr && body->body.reason == going_away);
  }
  EXPECT_TRUE(refused);
  EXPECT_TRUE(pair.is_empty());
}

TEST(SigningService, HandshakesAndSignaturesShareALink) {
  SigningPair pair;
  OpenRequest request;
  request.first_bytes = {'e'};
  ASSERT_TRUE(pair.client.open(std::move(request)));
  pair.sign(kQuick, kInput);
  EXPECT_EQ(take_events(pair.client).size(), 2U);
  EXPECT_EQ(pair.service.link().in_flight(), 1U);
}

// Without a way to grant keys there is no signing on the link.
TEST(SigningService, AKeyStoreWithoutKeysOffersNoSigning) {
  ServicePair pair;
  EXPECT_EQ(pair.client.sign(sample_sign()).error().code, ErrorCode::refused);
}

}  // namespace
}  // namespace baton::offload::test
