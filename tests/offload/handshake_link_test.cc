// What a link is told of answers that are overdue.
#include "offload/handshake_link.h"

#include <gtest/gtest.h>

#include <memory>

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

  unsigned overdue = 0;

 private:
  void on_overdue() override { ++overdue; }
  void on_news(LinkNews /*news*/) override {}

  LinkServer server_{{}, {"store"}, kV1};
};

class HandshakeLinkTest : public testing::Test {
 protected:
  HandshakeLinkTest() {
    link_->exchange();
    handshake_ = link_->open({}, [] {}).value();
    signature_ = link_->sign(sample_sign(), [] {}).value();
  }

  std::shared_ptr<Link> link_ = std::make_shared<Link>();
  std::unique_ptr<RemoteHandshake> handshake_;
  std::unique_ptr<AwaitedSignature> signature_;
};

TEST_F(HandshakeLinkTest, TellsOfAnswersThatAreOverdue) {
  handshake_->overdue();
  EXPECT_EQ(link_->overdue, 1U);
  signature_->overdue();
  EXPECT_EQ(link_->overdue, 2U);
}

TEST_F(HandshakeLinkTest, DoesNotWhereAnythingElseHasCome) {
  ASSERT_TRUE(link_->client().ping());
  link_->exchange();
  handshake_->overdue();
  signature_->overdue();
  EXPECT_EQ(link_->overdue, 0U);
  signature_->overdue();
  EXPECT_EQ(link_->overdue, 1U) << "nothing has come since it was overdue for the first time";
}

// Who runs out of time or goes may be the client.
TEST_F(HandshakeLinkTest, DoesNotWhereQuestionsAreGivenUp) {
  handshake_->set_cancel_reason(CancelReason::timeout);
  handshake_.reset();
  signature_->set_cancel_reason(CancelReason::timeout);
  signature_.reset();
  EXPECT_EQ(link_->overdue, 0U);
}

}  // namespace
}  // namespace baton::offload::test
