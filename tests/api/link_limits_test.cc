// R9 on links: peers that do not read, do not speak, or ask for too long.
#include "link_pair.h"
#include "offload/frame_codec.h"
#include "offload/limits.h"

namespace baton::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kOutputLimit = offload::LinkLimits{}.output_limit;
constexpr std::size_t kPingSize = 16;  // bytes, also of the PONG that answers it

Bytes pings(std::size_t count) {
  SecretBuffer bytes;
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(
        offload::encode({offload::HandshakeId::link, offload::Ping{i}}, offload::kSmallestMaxPayload, bytes));
  }
  return {bytes.begin(), bytes.end()};
}

// Lets PONGs pile up at `end` until no other one fits. Nobody reads them.
template <class End, class Receive>
void fill_output(End& end, Receive receive) {
  static const Bytes many = pings(4096);
  for (;;) {
    const std::size_t room = (kOutputLimit - end.output().size()) / kPingSize * kPingSize;
    if (room == 0) return;
    ASSERT_TRUE(receive(ByteView(many).first(std::min(room, many.size()))));
  }
}
void fill_output_of_key_store(LinkPair& link) {
  fill_output(link.key_store, [&link](ByteView bytes) { return link.key_store.receive(bytes, link.now); });
}
void fill_output_of_application_server(LinkPair& link) {
  fill_output(link.application_server,
              [&link](ByteView bytes) { return link.application_server.receive(bytes); });
}

void expect_unread(LinkPair& link) {
  EXPECT_EQ(link.key_store.end_reason(), "the application server does not read what is sent");
  EXPECT_TRUE(link.key_store.finished());
  EXPECT_FALSE(link.key_store.ready());
  EXPECT_FALSE(link.key_store.wants_input());
  EXPECT_FALSE(link.key_store.next_deadline());
  EXPECT_EQ(link.key_store.in_flight(), 0U);
  EXPECT_FALSE(link.key_store.ping());
  const auto received = link.key_store.receive(Bytes{1}, link.now);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, ErrorCode::refused);
  EXPECT_TRUE(as_text(link.key_store.output()).ends_with("the peer does not read what we send"));
}

TEST(LinkLimits, AnApplicationServerThatDoesNotReadLosesItsLinkByBytesForAClient) {
  LinkPair link = unprotected_pair();
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls12));
  offloaded.server().advance(offloaded.client().take_output());
  const Bytes open = LinkPair::take(link.application_server, SIZE_MAX);
  fill_output_of_key_store(link);
  const auto received = link.key_store.receive(open, link.now);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, ErrorCode::limit_exceeded);
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::link_lost));
  expect_unread(link);
}

TEST(LinkLimits, AnApplicationServerThatDoesNotReadLosesItsLinkByADeadline) {
  LinkPair link = unprotected_pair();
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls12));
  offloaded.step();
  fill_output_of_key_store(link);
  ASSERT_TRUE(link.key_store.next_deadline());
  link.now = *link.key_store.next_deadline();
  link.key_store.expire(link.now);
  expect_unread(link);
}

TEST(LinkLimits, AnApplicationServerThatDoesNotReadLosesItsLinkByGoAway) {
  LinkPair link = unprotected_pair();
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls12));
  offloaded.step();
  fill_output_of_key_store(link);
  link.key_store.go_away("a reason that is longer than a PING");
  EXPECT_THAT(link.outcomes(), ElementsAre(OffloadOutcome::link_lost));
  expect_unread(link);
}

TEST(LinkLimits, AnApplicationServerThatDoesNotReadLosesItsLinkByAPing) {
  LinkPair link = unprotected_pair();
  fill_output_of_key_store(link);
  const auto pinged = link.key_store.ping();
  ASSERT_FALSE(pinged);
  EXPECT_EQ(pinged.error().code, ErrorCode::limit_exceeded);
  expect_unread(link);
}

// What a handshake sends may end the link; the others learn of it at once.
TEST(LinkLimits, AKeyStoreThatDoesNotReadLosesItsLink) {
  LinkPair link = unprotected_pair();
  OffloadedClient stays(link, client_config(ProtocolVersion::tls12));
  stays.step();
  {
    OffloadedClient first(link, client_config(ProtocolVersion::tls12));
    OffloadedClient second(link, client_config(ProtocolVersion::tls12));
    first.step();
    second.step();
    fill_output_of_application_server(link);
    EXPECT_EQ(link.application_server.end_reason(), "");
    EXPECT_EQ(link.application_server.in_flight(), 3U);
  }  // two CANCELs are more than what fits
  EXPECT_EQ(link.application_server.end_reason(), "the key store does not read what is sent");
  EXPECT_TRUE(link.application_server.finished());
  EXPECT_FALSE(link.application_server.ready());
  EXPECT_EQ(link.application_server.in_flight(), 0U);
  EXPECT_EQ(stays.server_step(), HandshakeStep::failed);
  EXPECT_EQ(stays.server().failure_kind(), "link_lost");
  EXPECT_THAT(stays.server().failure().reason, HasSubstr("does not read"));
  const auto opened = link.application_server.open(Config::continuing(Role::server));
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("does not read"));
}

TEST(LinkLimits, AKeyStoreThatDoesNotReadLosesItsLinkByAPingOrGoAway) {
  LinkPair link = unprotected_pair();
  fill_output_of_application_server(link);
  const auto pinged = link.application_server.ping();
  ASSERT_FALSE(pinged);
  EXPECT_EQ(pinged.error().code, ErrorCode::limit_exceeded);
  EXPECT_EQ(link.application_server.unanswered_pings(), 0U);
  EXPECT_THAT(link.application_server.end_reason(), HasSubstr("does not read"));

  LinkPair other = unprotected_pair();
  fill_output_of_application_server(other);
  other.application_server.go_away("a reason that is longer than a PING");
  EXPECT_THAT(other.application_server.end_reason(), HasSubstr("does not read"));
}

TEST(LinkLimits, AnApplicationServerHasFiveSecondsToSayHello) {
  const LinkToApplicationServer::Time start{hours(7)};
  LinkToKeyStore silent = LinkToKeyStore::over_unprotected();
  LinkToApplicationServer link =
      value_of(LinkToApplicationServer::over_unprotected(key_store_config(), options_for({kName}), start));
  ASSERT_TRUE(link.next_deadline());
  EXPECT_EQ(*link.next_deadline() - start, seconds(5));
  link.expire(start + milliseconds(4999));
  EXPECT_FALSE(link.finished());
  link.expire(start + seconds(5));
  EXPECT_TRUE(link.finished());
  EXPECT_EQ(link.end_reason(), "the application server sent no HELLO in time");
  EXPECT_FALSE(link.next_deadline());
  EXPECT_TRUE(silent.receive(LinkPair::take(link, SIZE_MAX)));
  EXPECT_THAT(silent.end_reason(), HasSubstr("no HELLO in time")) << "it is told";
}

TEST(LinkLimits, AnApplicationServerThatHasSaidHelloHasNoDeadline) {
  LinkPair link = protected_pair();
  EXPECT_FALSE(link.key_store.next_deadline());
  link.key_store.expire(link.now + hours(1));
  EXPECT_EQ(link.key_store.end_reason(), "");

  ConnectionPair tls = make_link_tls();
  const LinkToApplicationServer::Time start{hours(7)};
  const auto silent =
      value_of(LinkToApplicationServer::over(std::move(tls.server), key_store_config(), {}, start));
  EXPECT_EQ(silent.next_deadline(), start + seconds(5));
}

// Of either side, however long it is: nothing overflows.
TEST(LinkLimits, ATimeoutIsAnHourAtMost) {
  KeyStoreOptions options = options_for({kName});
  options.handshake_timeout = milliseconds::max();
  OffloadRequest request;
  for (const milliseconds deadline : {milliseconds::max(), milliseconds(hours(2))}) {
    LinkPair link = unprotected_pair(options);
    request.deadline = deadline;
    OffloadedClient offloaded(link, client_config(ProtocolVersion::tls12), request);
    offloaded.step();
    ASSERT_TRUE(link.key_store.next_deadline());
    EXPECT_EQ(*link.key_store.next_deadline() - link.now, hours(1));
    EXPECT_EQ(offloaded.server_step(), HandshakeStep::need_bytes) << offloaded.server().failure().reason;
  }
  request.deadline = milliseconds(1);
  LinkPair link = unprotected_pair(options);
  OffloadedClient offloaded(link, client_config(ProtocolVersion::tls12), request);
  offloaded.step();
  EXPECT_EQ(*link.key_store.next_deadline() - link.now, milliseconds(1));
}

TEST(LinkLimits, AKeyStoreCanPing) {
  LinkPair link = protected_pair();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(link.key_store.ping());
  EXPECT_EQ(link.key_store.unanswered_pings(), 4U);
  const auto fifth = link.key_store.ping();
  ASSERT_FALSE(fifth);
  EXPECT_EQ(fifth.error().code, ErrorCode::limit_exceeded);
  link.pump();
  EXPECT_EQ(link.key_store.unanswered_pings(), 0U);
  link.key_store.end({}, link.now);
  EXPECT_FALSE(link.key_store.ping());
}

}  // namespace
}  // namespace baton::test
