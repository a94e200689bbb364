// A program on libssl whose context is attached, in conversation with OpenSSL.
#pragma once

#include "baton/adopt.h"
#include "conversation.h"
#include "stock_program.h"

namespace baton::test {

class Adoptable {
 public:
  // `configure` is called before attach().
  Adoptable(Role role, const tls::CipherSuite& suite, std::mt19937_64& random, AttachOptions options = {},
            const std::function<void(SSL_CTX*)>& configure = {},
            std::unique_ptr<StreamPeer> (*make_peer)(const PeerSetup&) = make_openssl_peer)
      : talk_({role, &suite, make_peer}, random), context_(make_context(role, suite)) {
    if (configure) configure(context_.get());
    EXPECT_TRUE(attach(context_.get(), std::move(options)));
    program_.emplace(context_.get(), talk_.setup());
  }

  SSL_CTX* context() { return context_.get(); }
  SSL* ssl() { return program_->ssl(); }
  StockProgram& program() { return *program_; }
  Conversation& talk() { return talk_; }

  // And exchanges some data: the peer pads its tickets, so what libssl holds is known only behind them.
  void shake_hands() {
    talk_.peer().start();
    for (int i = 0; i < 100 && !program_->shake_hands(); ++i) deliver();
    deliver();
    exchange();
  }

  // Both ways, all that is there.
  void deliver() {
    talk_.peer().receive(program_->take_output());
    program_->receive(talk_.take_wire(talk_.wire().size()));
  }

  // Data both ways, so that nothing is in flight.
  void exchange() {
    program_->write(100);
    talk_.let_peer_write(100);
    deliver();
    program_->read_all();
    deliver();
  }

  // Goes on with Baton, to the end.
  void adopt_and_finish() {
    auto connection = adopt(ssl(), continuing(talk_.role()));
    ASSERT_TRUE(connection) << connection.error().message;
    talk_.take_over(std::move(*connection), program_->sent(), program_->received());
    talk_.exchange(50'000);
    talk_.hand_over(Form::sealed);
    talk_.exchange(50'000);
    if (!testing::Test::HasFailure()) talk_.close();
  }

 private:
  Conversation talk_;
  ContextPtr context_;
  std::optional<StockProgram> program_;
};

// Neither readiness nor adopt() has any other answer, and the SSL goes on as before.
inline void expect_obstacle(SSL* ssl, Role role, ErrorCode code, const char* message) {
  const auto obstacle = adoption_readiness(ssl).obstacle;
  ASSERT_TRUE(obstacle) << "no obstacle; expected: " << message;
  EXPECT_EQ(to_string(obstacle->code), to_string(code)) << obstacle->message;
  EXPECT_THAT(obstacle->message, testing::HasSubstr(message));
  const auto refused = adopt(ssl, Config::continuing(role));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, obstacle->message);
}

}  // namespace baton::test
