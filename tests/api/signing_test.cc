// Signatures over a link by the public API, for handshakes that the application server does itself.
#include "baton/signing.h"

#include "link_pair.h"
#include "offload/link_client.h"

namespace baton::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// One certificate, whose key the key store has and the application server has not.
const Credential& the_credential() {
  static const Credential credential = credential_for(kName);
  return credential;
}

Config with_key() {
  ServerSettings settings;
  const Credential& all = the_credential();
  settings.credentials.push_back({all.chain_pem, all.key_pem, "chain", "key"});
  return value_of(Config::server(std::move(settings)));
}

Config without_key(ProtocolVersion version = ProtocolVersion::tls13) {
  ServerSettings settings;
  Credential& credential = settings.credentials.emplace_back();
  credential.chain_pem = the_credential().chain_pem;
  credential.key_place = KeyPlace::elsewhere;
  settings.max_version = version;
  return value_of(Config::server(std::move(settings)));
}

KeyStoreOptions signing_only() {
  KeyStoreOptions options = options_for({kName});
  options.hands_over = false;
  options.signs = true;
  return options;
}

LinkPair signing_pair(const KeyStoreOptions& options = signing_only()) {
  return unprotected_pair(options, with_key());
}

SigningRequest request_for(const SignatureNeeded& needed) {
  SigningRequest request;
  request.key = needed.key;
  request.kind = needed.kind;
  request.scheme = needed.scheme;
  request.input = needed.input;
  return request;
}

// A client and a server that waits for its signature.
struct Waiting {
  explicit Waiting(ProtocolVersion version = ProtocolVersion::tls13)
      : client(value_of(Handshake::start(client_config(version)))),
        server(value_of(Handshake::start(without_key(version)))) {
    client.advance({});
    step = server.advance(client.take_output());
  }

  void finish() {
    for (int i = 0; i < 4 && step != HandshakeStep::failed; ++i) {
      client.advance(server.take_output());
      step = server.advance(client.take_output());
    }
    client.advance(server.take_output());
  }

  Handshake client;
  Handshake server;
  HandshakeStep step;
};

class Signing : public testing::TestWithParam<ProtocolVersion> {};
INSTANTIATE_TEST_SUITE_P(Versions, Signing, testing::Values(ProtocolVersion::tls12, ProtocolVersion::tls13));

TEST_P(Signing, AHandshakeWithAKeyThatTheKeyStoreHas) {
  LinkPair link = signing_pair();
  EXPECT_TRUE(link.application_server.signs());
  Waiting waiting(GetParam());
  ASSERT_EQ(waiting.step, HandshakeStep::need_signature);
  ASSERT_NE(waiting.server.needed_signature(), nullptr);
  bool told = false;
  SigningRequest request = request_for(*waiting.server.needed_signature());
  request.on_news = [&told] { told = true; };
  RemoteSignature signature = value_of(link.application_server.sign(std::move(request)));
  EXPECT_EQ(signature.state(), RemoteSignature::State::waiting);
  EXPECT_EQ(waiting.server.advance({}), HandshakeStep::need_signature);
  link.pump();
  EXPECT_TRUE(told);
  ASSERT_EQ(signature.state(), RemoteSignature::State::signed_) << signature.reason();
  waiting.server.give_signature(signature.signature());
  waiting.step = waiting.server.advance({});
  waiting.finish();
  ASSERT_EQ(waiting.step, HandshakeStep::complete) << waiting.server.failure().reason;
  Connection server = value_of(std::move(waiting.server).connection());
  Connection client = value_of(std::move(waiting.client).connection());
  client.feed(server.take_output());
  expect_text_passes(client, server, "a request");
  expect_text_passes(server, client, "an answer");
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::signature_made));
}

TEST(SigningByApi, ARefusalSaysWhy) {
  LinkPair link = signing_pair();
  SigningRequest request;
  request.input = Bytes(32, 1);
  RemoteSignature signature = value_of(link.application_server.sign(std::move(request)));
  link.pump();
  ASSERT_EQ(signature.state(), RemoteSignature::State::refused);
  EXPECT_EQ(signature.refusal(), SigningRefusal::key_refused);
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::signature_refused));
  EXPECT_THAT(link.last_report->reason, HasSubstr("key_refused: "));
}

RemoteSignature answered_by(const KeyStoreOptions& options) {
  LinkPair link = signing_pair(options);
  Waiting waiting;
  RemoteSignature signature =
      value_of(link.application_server.sign(request_for(*waiting.server.needed_signature())));
  link.pump();
  return signature;
}

// A signature speaks for every name of the certificate.
TEST(SigningByApi, NoSignatureForANameThatIsNotAllowed) {
  using enum RemoteSignature::State;
  KeyStoreOptions options = signing_only();
  options.names = {"another.example"};
  const RemoteSignature signature = answered_by(options);
  ASSERT_EQ(signature.state(), refused);
  EXPECT_EQ(signature.refusal(), SigningRefusal::key_refused);
  options.names = {"another.example", "*"};
  EXPECT_EQ(answered_by(options).state(), signed_);
}

// Of an application server that names no deadline, and so gets all of it.
TEST(SigningByApi, AnyTimeoutWillDo) {
  KeyStoreOptions options = signing_only();
  options.handshake_timeout = std::chrono::milliseconds::max();
  auto key_store = value_of(LinkToApplicationServer::over_unprotected(with_key(), options, {}));
  offload::LinkClient application_server({}, {"app 1"});
  const auto exchange = [&] {
    const ByteView sent = application_server.output();
    EXPECT_TRUE(key_store.receive(sent, {}));
    application_server.output_sent(sent.size());
    const ByteView answer = key_store.output();
    EXPECT_TRUE(application_server.receive(answer));
    key_store.output_sent(answer.size());
  };
  exchange();
  offload::Sign request;
  request.input = Bytes(32, 1);
  ASSERT_TRUE(application_server.sign(request));
  exchange();
  EXPECT_EQ(application_server.in_flight(), 0U);
}

// A key store hands over with the keys that it has; others are not waited for.
TEST(SigningByApi, AKeyStoreWithoutTheKeyRefusesTheHandshake) {
  LinkPair link = unprotected_pair(options_for({kName}),
                                   without_key().set_serialization_version(SerializationVersion::v1));
  OffloadedHandshake handshake = value_of(link.application_server.open(Config::continuing(Role::server)));
  Handshake client = value_of(Handshake::start(client_config(ProtocolVersion::tls13)));
  client.advance({});
  handshake.advance(client.take_output());
  link.pump();
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::failed));
  EXPECT_THAT(link.last_report->reason, HasSubstr("does not have the key"));
}

TEST(SigningByApi, WithoutASignatureTheClientIsTold) {
  Waiting waiting;
  waiting.server.refuse_signature("nobody signs");
  waiting.step = waiting.server.advance({});
  EXPECT_EQ(waiting.step, HandshakeStep::failed);
  EXPECT_EQ(waiting.server.failure().alert, Alert::internal_error);
  EXPECT_EQ(waiting.server.failure().reason, "nobody signs");
  EXPECT_EQ(waiting.client.advance(waiting.server.take_output()), HandshakeStep::failed);
}

TEST(SigningByApi, WhoLeavesCancels) {
  LinkPair link = signing_pair();
  for (int i = 0; i < 1000; ++i) {
    Waiting waiting;
    RemoteSignature signature =
        value_of(link.application_server.sign(request_for(*waiting.server.needed_signature())));
    EXPECT_EQ(link.application_server.in_flight(), 1U);
  }
  EXPECT_EQ(link.application_server.in_flight(), 0U);
  link.pump();
  EXPECT_EQ(link.key_store.in_flight(), 0U);
}

TEST(SigningByApi, ALostLinkIsAnAnswer) {
  LinkPair link = signing_pair();
  SigningRequest request;
  request.input = Bytes(32, 1);
  RemoteSignature signature = value_of(link.application_server.sign(std::move(request)));
  link.application_server.end("the cable is out");
  ASSERT_EQ(signature.state(), RemoteSignature::State::refused);
  EXPECT_EQ(signature.refusal(), SigningRefusal::link_lost);
  EXPECT_EQ(signature.reason(), "the cable is out");
  EXPECT_TRUE(may_sign_elsewhere(signature.refusal()));
}

TEST(SigningByApi, EachSideOffersWhatItIsTold) {
  LinkPair signs = signing_pair();
  EXPECT_FALSE(signs.application_server.open(Config::continuing(Role::server)).has_value() &&
               signs.application_server.in_flight() > 0);
  LinkPair hands_over = unprotected_pair();
  EXPECT_FALSE(hands_over.application_server.signs());
  EXPECT_EQ(hands_over.application_server.sign({.input = Bytes(130, 1)}).error().code, ErrorCode::refused);
}

TEST(SigningByApi, WrongSizesAreNotSent) {
  LinkPair link = signing_pair();
  EXPECT_EQ(link.application_server.sign({}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(link.application_server.sign({.input = Bytes(kMaxSigningInput + 1)}).error().code,
            ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace baton::test
