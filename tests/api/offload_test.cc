// Links and the handshakes on them, by the public API.
#include "baton/offload.h"

#include "link_pair.h"

namespace baton::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The client goes on talking to the application server, which has never seen its certificate.
void expect_established(LinkPair& link, OffloadedClient& offloaded) {
  ASSERT_EQ(offloaded.server_step(), HandshakeStep::complete) << offloaded.server().failure().reason;
  ASSERT_EQ(offloaded.client_step(), HandshakeStep::complete) << offloaded.client().failure().reason;
  EXPECT_EQ(offloaded.server().server_name(), kName);
  Connection server = value_of(std::move(offloaded.server()).connection());
  Connection client = value_of(std::move(offloaded.client()).connection());
  client.feed(server.take_output());
  expect_text_passes(client, server, "a request");
  expect_text_passes(server, client, "an answer");
  EXPECT_EQ(server.server_name(), kName);
  EXPECT_TRUE(server.handshake_time());
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::handed_over, OffloadOutcome::established));
  EXPECT_EQ(link.application_server.in_flight(), 0U);
  EXPECT_EQ(link.key_store.in_flight(), 0U);
}

struct Case {
  ProtocolVersion version;
  bool early;
  bool is_protected;
  std::size_t piece;  // bytes moved at once
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.version == ProtocolVersion::tls13 ? "Tls13" : "Tls12";
  name += info.param.early ? "Early" : "Late";
  name += info.param.is_protected ? "Protected" : "Unprotected";
  return info.param.piece == SIZE_MAX ? name : name + "InPiecesOf" + std::to_string(info.param.piece);
}

class OffloadedHandshakes : public testing::TestWithParam<Case> {};

TEST_P(OffloadedHandshakes, EndInAConnection) {
  KeyStoreOptions options = options_for({kName});
  options.early_handoff = GetParam().early;
  LinkPair link = GetParam().is_protected ? protected_pair(options) : unprotected_pair(options);
  OffloadedClient offloaded(link, client_config(GetParam().version));
  offloaded.run(GetParam().piece);
  expect_established(link, offloaded);
}

INSTANTIATE_TEST_SUITE_P(All, OffloadedHandshakes,
                         testing::Values(Case{ProtocolVersion::tls13, true, true, SIZE_MAX},
                                         Case{ProtocolVersion::tls13, true, false, 1},
                                         Case{ProtocolVersion::tls13, false, true, 7},
                                         Case{ProtocolVersion::tls13, false, false, SIZE_MAX},
                                         Case{ProtocolVersion::tls12, true, true, SIZE_MAX},
                                         Case{ProtocolVersion::tls12, true, false, 1}),
                         name_of);

// R2: what the client sends behind its Finished, in the same segment.
TEST(Offload, BytesBehindTheHandshakeAreTheConnections) {
  for (const ProtocolVersion version : {ProtocolVersion::tls13, ProtocolVersion::tls12}) {
    LinkPair link = protected_pair();
    OffloadedClient offloaded(link, client_config(version));
    if (version == ProtocolVersion::tls12) offloaded.step();
    // In TLS 1.3 the client is complete with the server's flight, and may send data at once.
    offloaded.step();
    if (version == ProtocolVersion::tls12) offloaded.step();
    ASSERT_EQ(offloaded.client_step(), HandshakeStep::complete);
    Bytes last = offloaded.client().take_output();
    Connection client = value_of(std::move(offloaded.client()).connection());
    ASSERT_TRUE(client.write(as_bytes("at once")));
    append(last, client.take_output());
    offloaded.server().advance(last);
    link.pump();
    ASSERT_EQ(offloaded.server_step(), HandshakeStep::complete);
    Connection server = value_of(std::move(offloaded.server()).connection());
    EXPECT_EQ(read_text(server), "at once");
  }
}

// What nobody took before connection() stands in front of its output: TLS 1.2's last flight.
TEST(Offload, OutputThatWasNotTakenMovesIntoTheConnection) {
  LinkPair link = protected_pair();
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls12));
  offloaded.step();
  offloaded.server().advance(offloaded.client().take_output());
  link.pump();
  ASSERT_EQ(offloaded.server_step(), HandshakeStep::complete);
  Connection server = value_of(std::move(offloaded.server()).connection());
  ASSERT_TRUE(server.write(as_bytes("an answer")));
  ASSERT_EQ(offloaded.client().advance(server.take_output()), HandshakeStep::complete);
  Connection client = value_of(std::move(offloaded.client()).connection());
  EXPECT_EQ(read_text(client), "an answer");
}

TEST(Offload, AConnectionCanBeSerializedAsTheConfigSays) {
  LinkPair link = protected_pair();
  Config config = Config::continuing(Role::server);
  config.set_serialization_version(SerializationVersion::v1);
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls13), {}, config);
  offloaded.run();
  const Connection connection = value_of(std::move(offloaded.server()).connection());
  EXPECT_TRUE(connection.serialization_readiness().ready());
}

TEST(Offload, AnImportPolicyHolds) {
  LinkPair link = protected_pair();
  Config config = Config::continuing(Role::server);
  ImportPolicy policy;
  policy.min_version = ProtocolVersion::tls13;
  policy.max_age = std::chrono::seconds(1);
  config.set_import_policy(policy);
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls12), {}, config);
  offloaded.run();
  EXPECT_EQ(offloaded.server_step(), HandshakeStep::failed);
  EXPECT_EQ(offloaded.server().failure_kind(), "state_refused");
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::handed_over, OffloadOutcome::not_established));
}

TEST(Offload, TellsOfNews) {
  LinkPair link = protected_pair();
  int news = 0;
  OffloadRequest request;
  request.on_news = [&news] { ++news; };
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls13), std::move(request));
  EXPECT_EQ(offloaded.server().advance({}), HandshakeStep::need_bytes);
  EXPECT_THAT(link.application_server.output(), IsEmpty()) << "nothing to open with yet";
  offloaded.server().advance(offloaded.client().take_output());
  EXPECT_EQ(news, 0);
  link.pump();
  EXPECT_GT(news, 0);
}

TEST(Offload, AReportSaysWhoAndWhy) {
  LinkPair link = protected_pair(options_for({"*.example.org"}));
  OffloadRequest request;
  request.client.port = 4711;
  request.listener = "https";
  request.trace_id.fill(7);
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls13), std::move(request));
  offloaded.run();
  EXPECT_EQ(offloaded.server_step(), HandshakeStep::failed);
  EXPECT_EQ(offloaded.server().failure_kind(), "name_refused");
  EXPECT_EQ(offloaded.server().failure().alert, Alert::unrecognized_name);
  EXPECT_EQ(offloaded.client_step(), HandshakeStep::failed);
  EXPECT_TRUE(offloaded.client().failure().from_peer);
  EXPECT_EQ(offloaded.client().failure().alert, Alert::unrecognized_name);
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::failed));
  EXPECT_EQ(link.last_report->client.port, 4711);
  EXPECT_EQ(link.last_report->listener, "https");
  EXPECT_EQ(link.last_report->trace_id[15], 7);
  EXPECT_EQ(link.last_report->server_name, kName);
  EXPECT_THAT(link.last_report->reason, HasSubstr("name_refused"));
}

// The certificate is not trusted: the client's alert ends an early handoff.
TEST(Offload, AnAlertOfTheClientIsReported) {
  LinkPair link = protected_pair();
  ClientSettings settings;
  settings.server_name = kName;
  settings.ca_pem = TestCa("another").pem();
  settings.min_version = ProtocolVersion::tls13;
  OffloadedClient offloaded(link, value_of(Config::client(std::move(settings))));
  offloaded.run();
  EXPECT_EQ(offloaded.server_step(), HandshakeStep::failed);
  EXPECT_EQ(offloaded.server().failure_kind(), "tls_alert_received");
  EXPECT_TRUE(offloaded.server().failure().from_peer);
  EXPECT_EQ(offloaded.server().failure().alert, Alert::unknown_ca);
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::handed_over, OffloadOutcome::not_established));
  EXPECT_EQ(link.last_report->reason, "alert: unknown_ca");
}

TEST(Offload, ALostLinkFailsItsHandshakes) {
  LinkPair link = protected_pair();
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls13));
  offloaded.server().advance(offloaded.client().take_output());
  EXPECT_EQ(link.application_server.in_flight(), 1U);
  ASSERT_TRUE(link.key_store.receive(LinkPair::take(link.application_server, SIZE_MAX), link.now));
  EXPECT_EQ(link.key_store.in_flight(), 1U);
  link.application_server.end("reset by peer");
  link.key_store.end("reset by peer", {});
  EXPECT_EQ(link.application_server.in_flight(), 0U);
  EXPECT_EQ(link.key_store.in_flight(), 0U);
  EXPECT_EQ(offloaded.server_step(), HandshakeStep::failed);
  EXPECT_EQ(offloaded.server().failure_kind(), "link_lost");
  EXPECT_EQ(offloaded.server().failure().reason, "reset by peer");
  EXPECT_EQ(offloaded.client().advance(offloaded.server().take_output()), HandshakeStep::failed);
  EXPECT_EQ(offloaded.client().failure().alert, Alert::internal_error) << "it was told in plaintext";
  EXPECT_TRUE(link.application_server.finished());
  EXPECT_EQ(link.application_server.end_reason(), "reset by peer");
  const auto opened = link.application_server.open(Config::continuing(Role::server));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::refused);
}

TEST(Offload, AHandshakeThatHasNotBegunFailsWithTheLink) {
  LinkPair link = protected_pair();
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls13));
  link.application_server.end({});
  EXPECT_EQ(offloaded.server_step(), HandshakeStep::failed);
}

TEST(Offload, AHandshakeOutlivesItsLink) {
  std::optional<LinkPair> link(protected_pair());
  OffloadedHandshake server = value_of(link->application_server.open(Config::continuing(Role::server)));
  server.advance(Bytes{22, 3, 1});
  link.reset();
  EXPECT_EQ(server.advance({}), HandshakeStep::failed);
  EXPECT_EQ(server.failure_kind(), "link_lost");
}

TEST(Offload, AHandshakeThatIsGivenUpIsCancelled) {
  LinkPair link = protected_pair();
  {
    OffloadedClient offloaded(link, client_config(ProtocolVersion::tls12));
    offloaded.step();
  }
  link.pump();
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::cancelled));
  {
    OffloadedClient offloaded(link, client_config(ProtocolVersion::tls13));
    offloaded.step();  // handed over early; the Finished never comes
  }
  link.pump();
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::handed_over, OffloadOutcome::not_established));
  EXPECT_EQ(link.application_server.in_flight(), 0U);
}

TEST(Offload, MoreThanThereIsRoomForFails) {
  LinkPair link = protected_pair();
  OffloadedHandshake server = value_of(link.application_server.open(Config::continuing(Role::server)));
  EXPECT_EQ(server.advance(Bytes(server.room() + 1)), HandshakeStep::failed);
  EXPECT_EQ(server.failure_kind(), "byte_budget");
  EXPECT_EQ(server.room(), 0U);
}

TEST(Offload, TooManyHandshakesAreOverloaded) {
  KeyStoreOptions options = options_for({kName});
  options.link.max_in_flight = 1;
  LinkPair link = unprotected_pair(options);
  OffloadedClient first(link, client_config(ProtocolVersion::tls12));
  OffloadedClient second(link, client_config(ProtocolVersion::tls12));
  first.step();
  second.step();
  EXPECT_EQ(second.server_step(), HandshakeStep::failed);
  EXPECT_EQ(second.server().failure_kind(), "overloaded");
}

TEST(Offload, AKeyStoreGivesUpInTime) {
  KeyStoreOptions options = options_for({kName});
  options.handshake_timeout = std::chrono::seconds(3);
  LinkPair link = protected_pair(options);
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls12));
  offloaded.step();
  ASSERT_TRUE(link.key_store.next_deadline());
  EXPECT_EQ(*link.key_store.next_deadline() - link.now, std::chrono::seconds(3));
  link.now = *link.key_store.next_deadline();
  link.key_store.expire(link.now);
  link.pump();
  EXPECT_EQ(offloaded.server_step(), HandshakeStep::failed);
  EXPECT_EQ(offloaded.server().failure_kind(), "deadline");
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::failed));
}

TEST(Link, GoesAwayOnceItsHandshakesHaveEnded) {
  LinkPair link = protected_pair();
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls13));
  offloaded.step();
  link.application_server.go_away("an hour is over");
  link.pump();
  EXPECT_TRUE(link.key_store.going_away());
  EXPECT_FALSE(link.application_server.open(Config::continuing(Role::server)));
  EXPECT_FALSE(link.application_server.finished());
  offloaded.run();
  expect_established(link, offloaded);
  EXPECT_TRUE(link.application_server.finished());
  EXPECT_TRUE(link.key_store.finished());
}

TEST(Link, AKeyStoreCanGoAway) {
  LinkPair link = protected_pair();
  link.key_store.go_away("upgrade");
  link.pump();
  EXPECT_TRUE(link.application_server.finished());
  // Its close_notify was the last of the pumping.
  EXPECT_EQ(link.key_store.end_reason(), "the application server closed the link");
}

TEST(Link, Pings) {
  LinkPair link = protected_pair();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(link.application_server.ping());
  EXPECT_EQ(link.application_server.unanswered_pings(), 4U);
  const auto fifth = link.application_server.ping();
  ASSERT_FALSE(fifth);
  EXPECT_EQ(fifth.error().code, ErrorCode::limit_exceeded);
  link.pump();
  EXPECT_EQ(link.application_server.unanswered_pings(), 0U);
}

TEST(Link, GarbageEndsIt) {
  LinkPair link = unprotected_pair();
  const auto received = link.application_server.receive(Bytes(64, 0xee));
  ASSERT_FALSE(received);
  EXPECT_FALSE(link.application_server.ready());
  EXPECT_FALSE(link.application_server.end_reason().empty());
  EXPECT_FALSE(link.application_server.receive(Bytes{1}));
  link.pump();
  EXPECT_THAT(link.key_store.end_reason(), HasSubstr("the application server ended the link"));
}

// A record of the link's TLS that was altered on its way.
TEST(Link, TlsProtectsIt) {
  LinkPair link = protected_pair();
  ASSERT_TRUE(link.application_server.ping());
  Bytes bytes = LinkPair::take(link.application_server, SIZE_MAX);
  bytes.back() ^= 1;
  EXPECT_FALSE(link.key_store.receive(bytes, {}));
  EXPECT_TRUE(link.key_store.finished());
  EXPECT_THAT(link.key_store.end_reason(), HasSubstr("TLS"));
}

TEST(Link, WithoutTlsItsBytesAreFrames) {
  LinkToKeyStore link = LinkToKeyStore::over_unprotected();
  EXPECT_EQ(as_text(link.output().subspan(8, 4)), "BTNL");
}

void expect_no_link(Result<LinkToKeyStore> link, const char* message) {
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().code, ErrorCode::refused);
  EXPECT_THAT(link.error().message, HasSubstr(message));
}

void expect_no_key_store(ConnectionPair tls, const char* message) {
  const auto link = LinkToApplicationServer::over(std::move(tls.server), key_store_config(), {}, {});
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().code, ErrorCode::refused);
  EXPECT_THAT(link.error().message, HasSubstr(message));
}

TEST(Link, OnlyMutualTls13MakesOne) {
  LinkTls old;
  old.version = ProtocolVersion::tls12;
  ConnectionPair tls = make_link_tls(old);
  expect_no_link(LinkToKeyStore::over(std::move(tls.client)), "TLS 1.3");
  expect_no_key_store(std::move(tls), "TLS 1.3");

  LinkTls anonymous;
  anonymous.client_certificate = false;
  expect_no_key_store(make_link_tls(anonymous), "no verified client certificate");
  LinkTls forgotten;
  forgotten.keep = PeerIdentity::none;
  expect_no_key_store(make_link_tls(forgotten), "KeptMetadata");

  LinkTls blind;  // as a client that has verified nothing
  blind.client_keep = PeerIdentity::none;
  tls = make_link_tls(blind);
  expect_no_link(LinkToKeyStore::over(std::move(tls.client)), "no verified certificate of the key store");

  tls = make_link_tls();
  expect_no_link(LinkToKeyStore::over(std::move(tls.server)), "is the client of the link's TLS");
  std::swap(tls.server, tls.client);
  expect_no_key_store(std::move(tls), "key store is the server");
}

TEST(Link, WhoTheApplicationServerIs) {
  const ConnectionPair tls = make_link_tls();
  EXPECT_THAT(tls.peer_names, ElementsAre("app1.internal"));
}

TEST(Link, AKeyStoreChecksItsConfiguration) {
  const auto code_of = [](const Config& config, const KeyStoreOptions& options) {
    const auto link = LinkToApplicationServer::over_unprotected(config, options, {});
    return link ? std::string() : std::string(to_string(link.error().code));
  };
  EXPECT_EQ(code_of(Config::continuing(Role::server), {}), "invalid_argument");
  EXPECT_EQ(code_of(client_config(ProtocolVersion::tls13), {}), "invalid_argument");
  Config off = key_store_config();
  EXPECT_EQ(code_of(off.set_serialization_version(SerializationVersion::none), {}), "invalid_argument");
  EXPECT_EQ(code_of(key_store_config(), options_for({"a..b"})), "invalid_argument");
  for (const int timeout : {0, -1}) {
    KeyStoreOptions hasty;
    hasty.handshake_timeout = std::chrono::milliseconds(timeout);
    EXPECT_EQ(code_of(key_store_config(), hasty), "invalid_argument");
  }
  EXPECT_EQ(code_of(key_store_config(), {}), "");
}

TEST(Link, OpeningChecksItsArguments) {
  LinkPair link = protected_pair();
  const auto code_of = [&link](const Config& config, OffloadRequest request) {
    const auto opened = link.application_server.open(config, std::move(request));
    return opened ? std::string() : std::string(to_string(opened.error().code));
  };
  EXPECT_EQ(code_of(Config::continuing(Role::client), {}), "wrong_role");
  OffloadRequest request;
  request.listener = std::string(65, 'x');
  EXPECT_EQ(code_of(Config::continuing(Role::server), request), "invalid_argument");
  request = {};
  for (const auto deadline : {std::chrono::milliseconds(0), std::chrono::milliseconds::min()}) {
    request.deadline = deadline;
    EXPECT_EQ(code_of(Config::continuing(Role::server), request), "invalid_argument");
  }
  LinkToKeyStore silent = LinkToKeyStore::over_unprotected();
  EXPECT_FALSE(silent.open(Config::continuing(Role::server))) << "no HELLO yet";
}

TEST(Link, OneThatWasMovedFromAnswers) {
  LinkPair link = protected_pair();
  const LinkToKeyStore moved = std::move(link.application_server);
  EXPECT_FALSE(link.application_server.receive(Bytes{1}));
  EXPECT_THAT(link.application_server.output(), IsEmpty());
  EXPECT_TRUE(link.application_server.finished());
  EXPECT_FALSE(link.application_server.open(Config::continuing(Role::server)));
  const LinkToApplicationServer gone = std::move(link.key_store);
  EXPECT_FALSE(link.key_store.receive(Bytes{1}, {}));
  EXPECT_FALSE(link.key_store.wants_input());
  EXPECT_FALSE(link.key_store.next_report());
}

}  // namespace
}  // namespace baton::test
