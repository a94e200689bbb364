// R2 and the public API: each situation × TLS version × suite × role, against OpenSSL and GnuTLS.
#include "situations.h"
#include "support/states.h"

namespace baton::test {
namespace {

constexpr std::size_t kMuchData = 1'000'000;  // bytes each way
constexpr std::size_t kSomeData = 1000;
constexpr int kMoreHandovers = 10;
constexpr std::size_t kKeyUpdateContent = 5;  // bytes, RFC 8446 §4.6.3

struct Library {
  const char* name;
  std::unique_ptr<StreamPeer> (*make_peer)(const PeerSetup&);
};
constexpr Library kLibraries[] = {{"OpenSSL", make_openssl_peer}, {"GnuTLS", make_gnutls_peer}};

struct Case {
  Library library;
  Role role;  // Baton's
  const tls::CipherSuite* suite;
  const Situation* situation;
};

void PrintTo(const Case& chosen, std::ostream* out) {
  *out << chosen.situation->name;
}

class HandoverMatrix : public SeededTest, public testing::WithParamInterface<Case> {
 protected:
  HandoverMatrix() : talk_(parties(GetParam()), random_) {}

  static Parties parties(const Case& chosen) {
    return {chosen.role, chosen.suite, chosen.library.make_peer, chosen.situation->rekey};
  }

  void expect_to_move(const SerializationReadiness& expected) {
    const SerializationReadiness readiness = talk_.connection().serialization_readiness();
    EXPECT_TRUE(readiness.ready());
    EXPECT_EQ(readiness.unread_ciphertext, expected.unread_ciphertext);
    EXPECT_EQ(readiness.unread_plaintext, expected.unread_plaintext);
    EXPECT_EQ(readiness.unsent_ciphertext, expected.unsent_ciphertext);
    EXPECT_EQ(readiness.partial_handshake, expected.partial_handshake);
    EXPECT_EQ(readiness.key_update_owed, expected.key_update_owed);
  }

  // What moves next, when `moved` has moved.
  SerializationReadiness after_handover(SerializationReadiness moved, bool write_closed) const {
    if (!talk_.rekeys() || talk_.suite().version == ProtocolVersion::tls12) return moved;
    if (!write_closed) moved.unsent_ciphertext += talk_.record_size(kKeyUpdateContent);
    moved.key_update_owed = false;
    return moved;
  }

  Conversation talk_;
};

TEST_P(HandoverMatrix, ThePeerNoticesNothing) {
  const Situation& situation = *GetParam().situation;
  talk_.shake_hands(situation.handshake_end);
  ASSERT_FALSE(HasFailure());
  SerializationReadiness moving = situation.arrange(talk_);
  const bool write_closed = !talk_.connection().write({});
  // Twice on the spot, so that both forms carry the situation.
  for (const Form form : {Form::unprotected, Form::sealed}) {
    expect_to_move(moving);
    talk_.hand_over(form);
    ASSERT_FALSE(HasFailure());
    moving = after_handover(moving, write_closed);
  }
  expect_to_move(moving);
  talk_.exchange(kMuchData);
  EXPECT_FALSE(talk_.connection().serialization_readiness().key_update_owed) << "the peer has no answer";
  for (int i = 0; i < kMoreHandovers && !HasFailure(); ++i) {
    talk_.hand_over(i % 2 == 0 ? Form::sealed : Form::unprotected);
    talk_.exchange(kSomeData);
  }
  ASSERT_FALSE(HasFailure());
  talk_.close();
}

std::vector<Case> every_case() {
  std::vector<Case> cases;
  for (const Library& library : kLibraries) {
    for (const Role role : {Role::server, Role::client}) {
      for (const tls::CipherSuite& suite : tls::cipher_suites()) {
        for (const Situation& situation : situations()) {
          if (situation.exists != nullptr && !situation.exists(suite.version, role)) continue;
          cases.push_back({library, role, &suite, &situation});
        }
      }
    }
  }
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& instance) {
  const Case& chosen = instance.param;
  return std::string(chosen.library.name) + "_" + name_of(chosen.role, *chosen.suite) + "_" +
         chosen.situation->name;
}

INSTANTIATE_TEST_SUITE_P(EverySuite, HandoverMatrix, testing::ValuesIn(every_case()), name_of_case);

}  // namespace
}  // namespace baton::test
