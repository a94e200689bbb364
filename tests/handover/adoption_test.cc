// Adopting from libssl at random points of random conversations, with OpenSSL and GnuTLS at the other end.
// The peer accepts each record, so no number and no nonce was used twice or left out: a record under a wrong
// number does not decrypt.
#include <cstdlib>

#include "api/inside.h"
#include "baton/adopt.h"
#include "conversation.h"
#include "role_and_suite.h"
#include "stock_program.h"

namespace baton::test {
namespace {

// Of each library, role and suite. BATON_ADOPTION_RUNS asks for more.
constexpr int kRuns = 12;
constexpr std::size_t kMostSteps = 40;
constexpr std::size_t kDataAfterwards = 60'000;  // bytes each way

int runs() {
  const char* given = std::getenv("BATON_ADOPTION_RUNS");
  return given != nullptr ? std::atoi(given) : kRuns;
}

struct AdoptionCase {
  const char* library;
  std::unique_ptr<StreamPeer> (*make_peer)(const PeerSetup&);
  Role role;
  const tls::CipherSuite* suite;

  friend void PrintTo(const AdoptionCase& chosen, std::ostream* out) { *out << chosen.library; }
};

// One conversation, from the handshake to the end.
class AdoptedConversation {
 public:
  AdoptedConversation(const AdoptionCase& chosen, std::mt19937_64& random)
      : random_(random),
        talk_({chosen.role, chosen.suite, chosen.make_peer}, random),
        context_(make_context(chosen.role, *chosen.suite)) {
    configure_at_random();
    EXPECT_TRUE(attach(context_.get()));
    program_.emplace(context_.get(), talk_.setup());
    if (is_tls13()) SSL_set_block_padding(program_->ssl(), one_in(3) ? 64 : 0);
    program_asks_ = !talk_.peer().refuses_crossing_requests() || one_in(2);
    peer_asks_ = !talk_.peer().refuses_crossing_requests() || !program_asks_;
  }

  void run() {
    shake_hands();
    for (std::size_t steps = random_() % kMostSteps; steps > 0 && !failed(); --steps) step();
    if (!failed()) come_to_rest();
    if (!failed()) adopt_program();
    if (!failed()) talk_.exchange(kDataAfterwards);
    if (!failed()) talk_.hand_over(one_in(2) ? Form::sealed : Form::unprotected);
    if (!failed()) talk_.exchange(kDataAfterwards);
    if (!failed()) talk_.close();
  }

 private:
  static bool failed() { return testing::Test::HasFailure(); }
  bool one_in(std::uint64_t chances) { return random_() % chances == 0; }
  bool is_tls13() const { return talk_.suite().version == ProtocolVersion::tls13; }
  std::size_t any_part_of(std::size_t all) { return one_in(3) ? all : random_() % (all + 1); }

  void configure_at_random() {
    SSL_CTX_set_read_ahead(context_.get(), one_in(3) ? 1 : 0);
    SSL_CTX_set_num_tickets(context_.get(), random_() % 4);
    SSL_CTX_set_max_send_fragment(context_.get(), 512 + random_() % (tls::kMaxRecordPlaintext - 511));
    if (one_in(3)) SSL_CTX_set_mode(context_.get(), SSL_MODE_RELEASE_BUFFERS);
    if (one_in(4)) SSL_CTX_clear_mode(context_.get(), SSL_MODE_AUTO_RETRY);
  }

  void shake_hands() {
    talk_.peer().start();
    bool complete = false;
    for (int i = 0; !complete && !failed(); ++i) {
      ASSERT_LT(i, 1000) << "the handshake does not end";
      complete = program_->shake_hands();
      deliver_to_peer(program_->output_size());
      if (!complete) deliver_to_program(any_part_of(talk_.wire().size()));
    }
  }

  void deliver_to_peer(std::size_t count) {
    const Bytes output = program_->take_output(count);
    append(sent_wire_, output);
    talk_.peer().receive(output);
  }
  void deliver_to_program(std::size_t count) { program_->receive(talk_.take_wire(count)); }

  void step() {
    switch (random_() % 12) {
      case 0:
      case 1:
        return program_->write(1 + random_() % (one_in(3) ? 40'000 : 400));
      case 2:
      case 3:
        return talk_.let_peer_write(1 + random_() % (one_in(3) ? tls::kMaxRecordPlaintext : 400));
      case 4:
        return deliver_to_peer(any_part_of(program_->output_size()));
      case 5:
      case 6:
        return deliver_to_program(any_part_of(talk_.wire().size()));
      case 7:
      case 8:
        program_->read(1 + random_() % (one_in(2) ? tls::kMaxRecordPlaintext : 100));
        return;
      default:
        return say_something_else();
    }
  }

  void say_something_else() {
    if (!is_tls13()) return;
    switch (random_() % 3) {
      case 0:
        return program_->update_keys(request(program_asks_));
      case 1:
        return talk_.peer().update_keys(request(peer_asks_));
      default:
        if (talk_.role() == Role::server) program_->send_ticket();
    }
  }

  KeyUpdateRequest request(bool may_ask) {
    return may_ask && one_in(2) ? KeyUpdateRequest::update_requested : KeyUpdateRequest::update_not_requested;
  }

  // Most points will do. In the middle of a handshake message the program has to go on a little.
  void come_to_rest() {
    for (int i = 0; i < 10; ++i) {
      const auto obstacle = adoption_readiness(program_->ssl()).obstacle;
      if (!obstacle) return;
      ASSERT_THAT(obstacle->message, testing::HasSubstr("handshake message"));
      talk_.let_peer_write(10);
      deliver_to_program(talk_.wire().size());
      program_->read_all();
    }
    FAIL() << adoption_readiness(program_->ssl()).obstacle->message;
  }

  void adopt_program() {
    const AdoptionReadiness moving = adoption_readiness(program_->ssl());
    Connection connection = value_of(adopt(program_->ssl(), continuing(talk_.role())));
    const SerializationReadiness moved = connection.serialization_readiness();
    EXPECT_EQ(moved.unread_ciphertext, moving.unread_ciphertext);
    EXPECT_EQ(moved.unread_plaintext, moving.unread_plaintext);
    EXPECT_EQ(moved.unsent_ciphertext, moving.unsent_ciphertext);
    EXPECT_EQ(moved.key_update_owed, moving.key_update_owed);
    EXPECT_EQ(connection.server_name(), kName);
    EXPECT_TRUE(connection.handshake_time());
    expect_nonce_goes_on(connection);
    talk_.take_over(std::move(connection), program_->sent(), program_->received());
    if (one_in(2)) talk_.hand_over(Form::unprotected);
    expect_silence();
  }

  // TLS 1.2 with AES-GCM: the peer takes any explicit nonce, so it does not tell of one that is used twice
  // (R1).
  void expect_nonce_goes_on(const Connection& connection) {
    if (talk_.suite().explicit_nonce_size() == 0) return;
    append(sent_wire_, connection.output());
    const Bytes last = split_records(sent_wire_).back();
    ByteReader reader(ByteView(last).subspan(tls::kRecordHeaderSize));
    EXPECT_EQ(connection.inside().connection.state().next_explicit_nonce, reader.u64() + 1);
  }

  // Whatever the program does with what it is left with, the peer hears nothing of it.
  void expect_silence() {
    SSL* ssl = program_->ssl();
    EXPECT_LE(SSL_write(ssl, "late", 4), 0);
    EXPECT_LE(SSL_shutdown(ssl), 0);
    SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
    EXPECT_LE(SSL_do_handshake(ssl), 0);
    std::uint8_t byte = 0;
    EXPECT_LE(SSL_read(ssl, &byte, 1), 0);
    program_->free_ssl();
    EXPECT_EQ(program_->output_size(), 0U);
  }

  std::mt19937_64& random_;
  Conversation talk_;
  ContextPtr context_;
  std::optional<StockProgram> program_;
  Bytes sent_wire_;  // all that libssl has sent
  bool program_asks_ = false;
  bool peer_asks_ = false;
};

class Adoption : public SeededTest, public testing::WithParamInterface<AdoptionCase> {};

TEST_P(Adoption, ThePeerNoticesNothing) {
  for (int run = 0; run < runs() && !HasFailure(); ++run) {
    const testing::ScopedTrace trace(__FILE__, __LINE__, "run " + std::to_string(run));
    AdoptedConversation(GetParam(), random_).run();
  }
}

std::vector<AdoptionCase> every_case() {
  std::vector<AdoptionCase> cases;
  for (const RoleAndSuite& chosen : every_role_and_suite()) {
    cases.push_back({"OpenSSL", make_openssl_peer, chosen.role, chosen.suite});
    cases.push_back({"GnuTLS", make_gnutls_peer, chosen.role, chosen.suite});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(EverySuite, Adoption, testing::ValuesIn(every_case()), [](const auto& instance) {
  return std::string(instance.param.library) + "_" + name_of(instance.param.role, *instance.param.suite);
});

}  // namespace
}  // namespace baton::test
