// A handover in the middle of a post-handshake message.
#include "baton_pair.h"
#include "conversation.h"
#include "role_and_suite.h"
#include "serialization/serialization.h"
#include "ticket_server.h"

namespace baton::test {
namespace {

using tls::RecordProtection;

constexpr std::size_t kMoreThanHeader = 9;  // bytes of a record, cut behind its header

class HandoverInsideOfTicket : public RoleAndSuiteTest {};
class HandoverInsideOfKeyUpdate : public RoleAndSuiteTest {};

// libssl fills each record of a message but the last.
std::size_t held_after(std::size_t held, std::size_t content) {
  return content == kTicketFragment ? held + content : 0;
}

TEST_P(HandoverInsideOfTicket, BetweenAnyTwoOfItsRecords) {
  Conversation talk({role(), &suite(), make_ticket_server}, random_);
  talk.shake_hands();
  ASSERT_FALSE(HasFailure());
  std::size_t held = 0;
  std::size_t held_most = 0;
  for (const Bytes& record : split_records(talk.wire())) {
    // First with a part of the next record, then with all of it.
    talk.feed(kMoreThanHeader);
    EXPECT_EQ(talk.read_some(1), 0u);
    EXPECT_EQ(talk.connection().serialization_readiness().partial_handshake, held);
    EXPECT_EQ(talk.connection().serialization_readiness().unread_ciphertext, kMoreThanHeader);
    talk.hand_over(Form::sealed);
    talk.feed(record.size() - kMoreThanHeader);
    EXPECT_EQ(talk.read_some(1), 0u);
    held = held_after(held, record.size() - talk.record_size(0));
    held_most = std::max(held, held_most);
    EXPECT_EQ(talk.connection().serialization_readiness().partial_handshake, held);
    talk.hand_over(Form::unprotected);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(held_most, 3 * kTicketFragment) << "the tickets are too short to be cut";
  talk.exchange(1'000'000);
  ASSERT_FALSE(HasFailure());
  talk.close();
}

// The peer cuts its KeyUpdate, which no library does, into two records.
struct CutKeyUpdate {
  Bytes first;
  Bytes second;
};

CutKeyUpdate send_key_update(tls::ConnectionState& state, KeyUpdateRequest request, std::size_t cut) {
  const std::array<std::uint8_t, 5> message = {24, 0, 0, 1, static_cast<std::uint8_t>(request)};
  const ByteView bytes(message);
  auto writer = value_of(RecordProtection::create(*state.suite, state.write.keying));
  CutKeyUpdate sent;
  const auto type = tls::ContentType::handshake;
  seal_record(writer, state.write.sequence, type, bytes.first(cut), sent.first);
  seal_record(writer, state.write.sequence + 1, type, bytes.subspan(cut), sent.second);
  state.write.keying = value_of(tls::next_traffic_secret(*state.suite, state.write.keying));
  state.write.sequence = 0;
  return sent;
}

TEST_P(HandoverInsideOfKeyUpdate, WhereverItIsCut) {
  for (const auto request : {KeyUpdateRequest::update_not_requested, KeyUpdateRequest::update_requested}) {
    for (std::size_t cut = 1; cut <= 4; ++cut) {
      SCOPED_TRACE(cut);
      auto pair = make_baton_pair(suite());
      Connection& ours = role() == Role::server ? pair.server : pair.client;
      Connection& peers = role() == Role::server ? pair.client : pair.server;
      expect_data_passes(ours, peers);
      const SecretBuffer peer_bytes = value_of(serialize_unprotected(std::move(peers)));
      auto peer_state = value_of(serialization::deserialize_unprotected(peer_bytes));
      const CutKeyUpdate sent = send_key_update(peer_state, request, cut);
      tls::Connection peer = test::connect(std::move(peer_state));

      ours.feed(sent.first);
      EXPECT_EQ(read_text(ours), "");
      EXPECT_EQ(ours.serialization_readiness().partial_handshake, cut);
      const Bytes envelope = value_of(serialize(std::move(ours), the_seal()));
      Connection back = value_of(deserialize(envelope, the_seal(), continuing(role())));
      EXPECT_EQ(back.serialization_readiness().partial_handshake, cut);
      back.feed(sent.second);
      EXPECT_EQ(read_text(back), "");
      EXPECT_EQ(back.serialization_readiness().partial_handshake, 0u);
      EXPECT_EQ(!back.output().empty(), request == KeyUpdateRequest::update_requested);

      test::write(peer, as_bytes("under the new key"));
      back.feed(peer.take_output());
      EXPECT_EQ(read_text(back), "under the new key");
      ASSERT_TRUE(back.write(as_bytes("heard")));
      peer.feed(back.take_output());
      EXPECT_EQ(as_text(read_all(peer)), "heard");
    }
  }
}

// Only servers send tickets.
INSTANTIATE_TEST_SUITE_P(EverySuite, HandoverInsideOfTicket,
                         testing::ValuesIn(every_suite_as(Role::client, {ProtocolVersion::tls13})),
                         name_of_role_and_suite);
INSTANTIATE_TEST_SUITE_P(EverySuite, HandoverInsideOfKeyUpdate,
                         testing::ValuesIn(every_role_and_suite({ProtocolVersion::tls13})),
                         name_of_role_and_suite);

}  // namespace
}  // namespace baton::test
