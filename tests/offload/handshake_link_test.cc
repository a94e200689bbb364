// What a link makes of questions that time out.
#include "offload/handshake_link.h"

#include <gtest/gtest.h>

#include "offload/link_pair.h"

namespace baton::offload::test {
namespace {

class Link final : public HandshakeLink {
 public:
  Link() : HandshakeLink({}, {"app"}) {}
  using HandshakeLink::client;

  // Carries all bytes both ways.
  void exchange() {
    ASSERT_TRUE(server_.receive(take_output(client())));
    ASSERT_TRUE(receive(take_output(server_)));
  }

  unsigned silences = 0;

 private:
  void on_silence() override { ++silences; }
  void on_news(LinkNews /*news*/) override {}

  LinkServer server_{{}, {"store"}, kV1};
};

class HandshakeLinkTest : public testing::Test {
 protected:
  HandshakeLinkTest() { link_->exchange(); }

  // Asks, does `meanwhile`, and gives up for `reason`.
  void ask_for_a_handshake(
      CancelReason reason, const std::function<void()>& meanwhile = [] {}) {
    const auto handshake = link_->open({}, [] {});
    ASSERT_TRUE(handshake);
    meanwhile();
    (*handshake)->set_cancel_reason(reason);
  }
  void ask_for_a_signature(
      CancelReason reason, const std::function<void()>& meanwhile = [] {}) {
    const auto signature = link_->sign(sample_sign(), [] {});
    ASSERT_TRUE(signature);
    meanwhile();
    (*signature)->set_cancel_reason(reason);
  }
  void hear_a_pong() {
    ASSERT_TRUE(link_->client().ping());
    link_->exchange();
  }

  std::shared_ptr<Link> link_ = std::make_shared<Link>();
};

TEST_F(HandshakeLinkTest, IsSilentWhereQuestionsTimeOutAndNothingComes) {
  ask_for_a_handshake(CancelReason::timeout);
  EXPECT_EQ(link_->silences, 1U);
  ask_for_a_signature(CancelReason::timeout);
  EXPECT_EQ(link_->silences, 2U);
}

TEST_F(HandshakeLinkTest, IsNotSilentWhereAnythingElseComes) {
  ask_for_a_handshake(CancelReason::timeout, [this] { hear_a_pong(); });
  ask_for_a_signature(CancelReason::timeout, [this] { hear_a_pong(); });
  EXPECT_EQ(link_->silences, 0U);
}

TEST_F(HandshakeLinkTest, IsNotSilentWhereTheClientLeaves) {
  ask_for_a_handshake(CancelReason::client_gone);
  ask_for_a_signature(CancelReason::client_gone);
  EXPECT_EQ(link_->silences, 0U);
}

}  // namespace
}  // namespace baton::offload::test
