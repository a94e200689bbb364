// The KeyUpdate before a handover: what was sent before stays closed to whoever gets the state.
#include "support/transfer.h"
#include "tls/connection.h"

namespace baton::tls {
namespace {

using test::bytes_of;
using test::deliver;
using test::read_all;

class RekeyTest : public test::SeededTest {
 protected:
  const CipherSuite& suite_ = *find_cipher_suite(0x1301);
};

// Opens the records of `wire` that `keying` opens, from sequence number 0 on.
std::size_t opened_with(const CipherSuite& suite, const KeyingMaterial& keying, Bytes wire) {
  auto reader = RecordProtection::create(suite, keying);
  std::size_t opened = 0;
  MutableBytes rest(wire);
  while (!rest.empty()) {
    const std::size_t size = kRecordHeaderSize + parse_record_header(rest.first(kRecordHeaderSize)).length;
    for (std::uint64_t sequence = 0; sequence < 8; ++sequence) {
      Bytes record(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
      if (reader->open(sequence, record)) ++opened;
    }
    rest = rest.subspan(size);
  }
  return opened;
}

TEST_F(RekeyTest, TheStateDoesNotOpenWhatWasSent) {
  for (const bool rekey : {false, true}) {
    auto [server, client] = test::make_pair(suite_, random_);
    test::write(server, bytes_of("a secret answer"));
    const WireBuffer output = server.take_output();
    const Bytes recorded(output.begin(), output.end());
    client.feed(recorded);
    EXPECT_EQ(as_text(read_all(client)), "a secret answer");
    if (rekey) {
      ASSERT_TRUE(server.rekey_before_handover());
    }
    auto state = std::move(server).into_state();
    ASSERT_TRUE(state);
    EXPECT_EQ(opened_with(suite_, state->write.keying, recorded), rekey ? 0u : 1u);
    server = test::connect(std::move(*state));
    test::write(server, bytes_of(" goes on"));
    deliver(server, client);
    EXPECT_EQ(as_text(read_all(client)), " goes on");
  }
}

TEST_F(RekeyTest, ItCountsAsTheAnswerThatIsOwed) {
  auto [server, client] = test::make_pair(suite_, random_);
  test::write(server, bytes_of("waiting"));
  ASSERT_TRUE(client.update_keys(KeyUpdateRequest::update_requested));
  deliver(client, server);
  read_all(server);
  ASSERT_TRUE(server.state().key_update_owed);
  const std::size_t before = server.output().size();
  const std::size_t grows = server.rekey_size();
  ASSERT_TRUE(server.rekey_before_handover());
  EXPECT_FALSE(server.state().key_update_owed);
  EXPECT_EQ(server.output().size(), before + grows);
  deliver(server, client);
  EXPECT_EQ(as_text(read_all(client)), "waiting");
}

TEST_F(RekeyTest, BehindCloseNotifyNobodyIsTold) {
  auto [server, client] = test::make_pair(suite_, random_);
  ASSERT_TRUE(server.close_write());
  const std::size_t before = server.output().size();
  const Bytes old_secret(server.state().write.keying.view().begin(),
                         server.state().write.keying.view().end());
  EXPECT_EQ(server.rekey_size(), 0u);
  ASSERT_TRUE(server.rekey_before_handover());
  EXPECT_EQ(server.output().size(), before) << "nothing may follow close_notify (RFC 8446 §6.1)";
  EXPECT_FALSE(std::ranges::equal(server.state().write.keying.view(), old_secret));
}

TEST_F(RekeyTest, Tls12HasNothingToDo) {
  auto [server, client] = test::make_pair(*find_cipher_suite(0xC02F), random_);
  EXPECT_EQ(server.rekey_size(), 0u);
  EXPECT_TRUE(server.rekey_before_handover());
  EXPECT_TRUE(server.output().empty());
}

TEST_F(RekeyTest, WhatWasGivenAwayOrHasFailedDoesNot) {
  auto [server, client] = test::make_pair(suite_, random_);
  ASSERT_TRUE(std::move(server).into_state());
  EXPECT_EQ(server.rekey_before_handover().error().code, ErrorCode::consumed);
  client.abort(Alert::internal_error, "for the test");
  EXPECT_EQ(client.rekey_before_handover().error().code, ErrorCode::refused);
}

}  // namespace
}  // namespace baton::tls
