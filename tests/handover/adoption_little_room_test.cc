// Adopting a program whose transport takes and gives little at a time, so that sends are under way: a BIO
// pair.
#include <openssl/err.h>

#include "adoptable.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

constexpr int kRuns = 40;
constexpr std::size_t kMostSteps = 60;
constexpr std::size_t kPatience = 2000;  // steps, for a moment in which nothing stands in the way

// A program that writes from a buffer which moves, as many do, over a transport with little room.
class CrampedConversation {
 public:
  CrampedConversation(Role role, const tls::CipherSuite& suite, std::mt19937_64& random)
      : random_(random),
        role_(role),
        context_(make_context(role, suite)),
        peer_(role == Role::server ? LibsslPeer::client(kName)
                                   : LibsslPeer::server(certificate_for_name(KeyType::p256))) {
    EXPECT_TRUE(attach(context_.get()));
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_read_ahead(ssl(), one_in(2) ? 1 : 0);
    SSL_set_mode(ssl(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
    if (one_in(2)) SSL_set_mode(ssl(), SSL_MODE_RELEASE_BUFFERS);
    BIO* inner = nullptr;
    BIO* outer = nullptr;
    EXPECT_EQ(BIO_new_bio_pair(&inner, 50 + random_() % 20'000, &outer, 50 + random_() % 20'000), 1);
    transport_.reset(outer);
    SSL_set_bio(ssl(), inner, inner);
    if (role == Role::server) {
      SSL_set_accept_state(ssl());
    } else {
      SSL_set_connect_state(ssl());
    }
  }

  void run() {
    peer_.start();
    for (std::size_t i = 0; i < kPatience && !(SSL_do_handshake(ssl()) == 1 && peer_.complete()); ++i) {
      ERR_clear_error();
      deliver(20'000);
    }
    ASSERT_EQ(SSL_is_init_finished(ssl()), 1);
    for (std::size_t steps = random_() % kMostSteps; steps > 0; --steps) step();
    std::size_t patience = kPatience;
    while (!adoption_readiness(ssl()).ready()) {
      ASSERT_GT(--patience, 0U) << adoption_readiness(ssl()).obstacle->message;
      settle();
    }
    go_on_with_baton();
  }

 private:
  SSL* ssl() { return ssl_.get(); }
  bool one_in(std::uint64_t chances) { return random_() % chances == 0; }

  void step() {
    switch (random_() % 6) {
      case 0:
        write();
        break;
      case 1:
        peer_write(1 + random_() % (one_in(3) ? 16'000 : 400));
        break;
      case 2:
        read(1 + random_() % (one_in(2) ? 20'000 : 50));
        break;
      default:
        deliver(1 + random_() % 5000);
    }
    ERR_clear_error();
  }

  // What is under way goes on, and nothing new begins: with 50 bytes of room, a record takes 330 of these.
  void settle() {
    if (write_refused_) write();
    read(20'000);
    deliver(5000);
    ERR_clear_error();
  }

  // What libssl has not taken is offered again, from another place.
  void write() {
    if (unsent_.empty()) unsent_.assign(1 + random_() % (one_in(3) ? 40'000 : 400), next_letter());
    const std::string moved = unsent_;
    const int count = SSL_write(ssl(), moved.data(), static_cast<int>(moved.size()));
    write_refused_ = count <= 0;
    if (write_refused_) return;
    sent_ += moved.substr(0, static_cast<std::size_t>(count));
    unsent_.erase(0, static_cast<std::size_t>(count));
  }

  void peer_write(std::size_t size) {
    const std::string text(size, next_letter());
    peer_.write(text);
    peer_sent_ += text;
  }

  void read(std::size_t most) {
    std::string text(most, '\0');
    const int count = SSL_read(ssl(), text.data(), static_cast<int>(most));
    if (count > 0) received_ += text.substr(0, static_cast<std::size_t>(count));
  }

  // Up to `most` bytes each way.
  void deliver(std::size_t most) {
    Bytes output(std::min(most, BIO_ctrl_pending(transport_.get())));
    if (!output.empty()) BIO_read(transport_.get(), output.data(), static_cast<int>(output.size()));
    if (!output.empty()) peer_.receive(output);
    peer_received_ += peer_.take_text();
    append(wire_, peer_.take_output());
    const std::size_t count = std::min(most, wire_.size());
    if (count == 0) return;
    const int taken = BIO_write(transport_.get(), wire_.data(), static_cast<int>(count));
    if (taken > 0) wire_.erase(wire_.begin(), wire_.begin() + taken);
  }

  void go_on_with_baton() {
    Connection connection = value_of(adopt(ssl(), continuing(role_)));
    EXPECT_LE(SSL_write(ssl(), "late", 4), 0);
    ssl_.reset();
    ERR_clear_error();
    for (int i = 0; i < 4; ++i) {
      const std::string text(1 + random_() % 3000, next_letter());
      ASSERT_TRUE(connection.write(as_bytes(text)));
      sent_ += text;
      peer_.receive(connection.take_output());
      peer_received_ += peer_.take_text();
      peer_write(1 + random_() % 3000);
      append(wire_, peer_.take_output());
      connection.feed(wire_);
      wire_.clear();
      read_all(connection);
    }
    EXPECT_TRUE(received_ == peer_sent_) << received_.size() << " of " << peer_sent_.size();
    EXPECT_TRUE(peer_received_ == sent_) << peer_received_.size() << " of " << sent_.size();
  }

  void read_all(Connection& connection) {
    while (true) {
      const Event event = connection.next();
      const auto* data = std::get_if<ApplicationData>(&event);
      if (data == nullptr) {
        EXPECT_TRUE(std::holds_alternative<NeedBytes>(event));
        return;
      }
      received_ += as_text(data->bytes);
      connection.consume(data->bytes.size());
    }
  }

  char next_letter() { return static_cast<char>('a' + letters_++ % 26); }

  std::mt19937_64& random_;
  Role role_;
  ContextPtr context_;
  SslHolder ssl_;
  BioHolder transport_;
  LibsslPeer peer_;
  Bytes wire_;          // from the peer
  std::string unsent_;  // what SSL_write() has to be called with again
  bool write_refused_ = false;
  std::string sent_, received_, peer_sent_, peer_received_;
  unsigned letters_ = 0;
};

class AdoptionWithLittleRoom : public RoleAndSuiteTest {};

INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionWithLittleRoom, testing::ValuesIn(one_suite_of_each_version()),
                         name_of_role_and_suite);

TEST_P(AdoptionWithLittleRoom, ThePeerNoticesNothing) {
  for (int run = 0; run < kRuns && !HasFailure(); ++run) {
    const testing::ScopedTrace trace(__FILE__, __LINE__, "run " + std::to_string(run));
    CrampedConversation(role(), suite(), random_).run();
  }
}

}  // namespace
}  // namespace baton::test
