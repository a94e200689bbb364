// R2 at every byte of a record, in both directions.
#include "conversation.h"
#include "support/states.h"

namespace baton::test {
namespace {

constexpr std::size_t kData = 40;  // bytes of a record's

struct Case {
  const char* library;
  std::unique_ptr<StreamPeer> (*make_peer)(const PeerSetup&);
  Role role;  // Baton's
  const tls::CipherSuite* suite;
};

void PrintTo(const Case& chosen, std::ostream* out) {
  *out << name_of(chosen.role, *chosen.suite);
}

class HandoverAtEveryByte : public SeededTest, public testing::WithParamInterface<Case> {
 protected:
  HandoverAtEveryByte() : talk_({GetParam().role, GetParam().suite, GetParam().make_peer}, random_) {}

  void SetUp() override {
    SeededTest::SetUp();
    talk_.shake_hands();
    ASSERT_FALSE(HasFailure());
    talk_.settle();
  }

  // Whatever has been done before, nothing is left and every byte has come.
  void finish() {
    ASSERT_FALSE(HasFailure());
    talk_.exchange(1);
    talk_.close();
  }

  Form any_form() { return random_() % 2 == 0 ? Form::unprotected : Form::sealed; }

  Conversation talk_;
};

TEST_P(HandoverAtEveryByte, ARecordHasArrivedInPart) {
  for (std::size_t part = 0, whole = 1; part <= whole && !HasFailure(); ++part) {
    SCOPED_TRACE(part);
    talk_.let_peer_write(kData);
    whole = talk_.wire().size();
    talk_.feed(part);
    // Baton may have looked at it, or not.
    if (part < whole && random_() % 2 == 0) {
      EXPECT_EQ(talk_.read_some(1), 0u);
    }
    EXPECT_EQ(talk_.connection().serialization_readiness().unread_ciphertext, part);
    talk_.hand_over(any_form());
    talk_.settle();
  }
  finish();
}

TEST_P(HandoverAtEveryByte, ARecordIsSentInPart) {
  const std::size_t whole = talk_.record_size(kData);
  for (std::size_t part = 0; part <= whole && !HasFailure(); ++part) {
    SCOPED_TRACE(part);
    talk_.write(kData);
    talk_.deliver(part);
    EXPECT_EQ(talk_.connection().serialization_readiness().unsent_ciphertext, whole - part);
    talk_.hand_over(any_form());
    talk_.settle();
  }
  finish();
}

TEST_P(HandoverAtEveryByte, BetweenAnyTwoBytesOfOneRecord) {
  talk_.let_peer_write(kData);
  talk_.write(kData);
  while ((!talk_.wire().empty() || !talk_.connection().output().empty()) && !HasFailure()) {
    talk_.feed(std::min<std::size_t>(1, talk_.wire().size()));
    talk_.deliver(std::min<std::size_t>(1, talk_.connection().output().size()));
    talk_.hand_over(any_form());
  }
  talk_.read_all();
  finish();
}

std::vector<Case> every_case() {
  std::vector<Case> cases;
  for (const Role role : {Role::server, Role::client}) {
    for (const tls::CipherSuite& suite : tls::cipher_suites()) {
      cases.push_back({"OpenSSL", make_openssl_peer, role, &suite});
      cases.push_back({"GnuTLS", make_gnutls_peer, role, &suite});
    }
  }
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& instance) {
  return std::string(instance.param.library) + "_" + name_of(instance.param.role, *instance.param.suite);
}

INSTANTIATE_TEST_SUITE_P(EverySuite, HandoverAtEveryByte, testing::ValuesIn(every_case()), name_of_case);

}  // namespace
}  // namespace baton::test
