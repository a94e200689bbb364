// What an import refuses, though the bytes are in order.
#include "baton/serialize.h"
#include "baton_pair.h"
#include "role_and_suite.h"
#include "serialization/serialization.h"

namespace baton::test {
namespace {

using std::chrono::seconds;

constexpr UnixTime kHandshakeTime{seconds(1'700'000'000)};

ImportPolicy of_version(ProtocolVersion least) {
  ImportPolicy policy;
  policy.min_version = least;
  return policy;
}

ImportPolicy of_suites(std::vector<std::string> names) {
  ImportPolicy policy;
  policy.cipher_suites = std::move(names);
  return policy;
}

ImportPolicy of_age(std::optional<seconds> most, seconds skew) {
  ImportPolicy policy;
  policy.max_age = most;
  policy.max_clock_skew = skew;
  return policy;
}

ImportPolicy of_size(std::size_t most) {
  ImportPolicy policy;
  policy.max_size = most;
  return policy;
}

Config with_time(Config config, UnixTime time) {
  return config.set_clock([time] { return time; });
}

// One serialized connection, in both forms. None of the imports here sends anything, so importing it more
// than once repeats no nonce.
class ImportPolicies : public RoleAndSuiteTest {
 protected:
  ImportPolicies() : bytes_(value_of(serialize_unprotected(make_connection()))) {}

  static Connection make_connection() {
    const Config server = with_time(config_for(Role::server, suite()), kHandshakeTime);
    const Config client = with_time(config_for(Role::client, suite()), kHandshakeTime);
    BatonPair pair = make_baton_pair(server, client);
    return std::move(role() == Role::server ? pair.server : pair.client);
  }

  // ... of a connection that says what it is told to.
  SecretBuffer without_handshake_time() const {
    auto state = value_of(serialization::deserialize_unprotected(bytes_));
    state.handshake_time.reset();
    return value_of(serialization::serialize_unprotected(std::move(state), SerializationVersion::v1));
  }

  static Config config_with(const ImportPolicy& policy, UnixTime now = kHandshakeTime) {
    return with_time(continuing(role()), now).set_import_policy(policy);
  }

  void expect_taken(const Config& config) const {
    const auto connection = deserialize_unprotected(bytes_, config);
    EXPECT_TRUE(connection) << connection.error().message;
  }

  static void expect_refused(ByteView bytes, const Config& config, ErrorCode code) {
    const auto connection = deserialize_unprotected(bytes, config);
    ASSERT_FALSE(connection);
    EXPECT_EQ(to_string(connection.error().code), to_string(code)) << connection.error().message;
  }

  SecretBuffer bytes_;
};

TEST_P(ImportPolicies, TheRole) {
  expect_taken(continuing(role()));
  expect_refused(bytes_, continuing(other(role())), ErrorCode::wrong_role);
  // A configuration that does handshakes continues connections of its role, too.
  expect_taken(config_for(role(), suite()));
  expect_refused(bytes_, config_for(other(role()), suite()), ErrorCode::wrong_role);
}

TEST_P(ImportPolicies, TheVersion) {
  expect_taken(config_with(of_version(ProtocolVersion::tls12)));
  const Config strict = config_with(of_version(ProtocolVersion::tls13));
  if (suite().version == ProtocolVersion::tls13) {
    expect_taken(strict);
  } else {
    expect_refused(bytes_, strict, ErrorCode::not_allowed);
  }
}

TEST_P(ImportPolicies, TheCipherSuite) {
  std::vector<std::string> others;
  for (const tls::CipherSuite& any : tls::cipher_suites()) {
    if (any.id != suite().id) others.emplace_back(any.name);
  }
  expect_refused(bytes_, config_with(of_suites(others)), ErrorCode::not_allowed);
  others.emplace_back(suite().name);
  expect_taken(config_with(of_suites(others)));
}

TEST_P(ImportPolicies, TheAge) {
  const ImportPolicy policy = of_age(seconds(100), seconds(30));
  expect_taken(config_with(policy, kHandshakeTime));
  expect_taken(config_with(policy, kHandshakeTime + seconds(100)));
  expect_refused(bytes_, config_with(policy, kHandshakeTime + seconds(101)), ErrorCode::not_allowed);
  expect_taken(config_with({}, kHandshakeTime + std::chrono::years(100)));
}

TEST_P(ImportPolicies, AnAgeThatIsNotKnown) {
  const SecretBuffer ageless = without_handshake_time();
  expect_refused(ageless, config_with(of_age(seconds(100), seconds(30))), ErrorCode::not_allowed);
  const auto connection = deserialize_unprotected(ageless, config_with({}));
  ASSERT_TRUE(connection);
  EXPECT_EQ(connection->handshake_time(), std::nullopt);
}

TEST_P(ImportPolicies, AHandshakeInTheFuture) {
  const ImportPolicy policy = of_age(seconds(100), seconds(5));
  expect_taken(config_with(policy, kHandshakeTime - seconds(5)));
  expect_refused(bytes_, config_with(policy, kHandshakeTime - seconds(6)), ErrorCode::not_yet_valid);
  expect_taken(config_with(of_age(std::nullopt, seconds(5)), kHandshakeTime - seconds(6)));
}

TEST_P(ImportPolicies, TheSize) {
  expect_taken(config_with(of_size(bytes_.size())));
  expect_refused(bytes_, config_with(of_size(bytes_.size() - 1)), ErrorCode::limit_exceeded);
  expect_refused(Bytes(kMaxSerializedSize + 1), config_with(of_size(SIZE_MAX)), ErrorCode::limit_exceeded);
}

// The same holds inside of an envelope; and a connection that is refused is not spent.
TEST_P(ImportPolicies, ASealedConnectionIsRefusedAndNotSpent) {
  struct Refusal {
    Config config;
    ErrorCode code;
  };
  const Refusal refusals[] = {
      {with_time(continuing(other(role())), kHandshakeTime), ErrorCode::wrong_role},
      {config_with(of_suites({"TLS_NULL_WITH_NULL_NULL"})), ErrorCode::not_allowed},
      {config_with(of_age(seconds(1), seconds(30)), kHandshakeTime + seconds(2)), ErrorCode::not_allowed},
      {config_with(of_age(seconds(1), seconds(0)), kHandshakeTime - seconds(1)), ErrorCode::not_yet_valid},
      {config_with(of_size(bytes_.size() - 1)), ErrorCode::limit_exceeded},
  };
  const auto claims = std::make_shared<MemoryClaimStore>();
  const Seal seal = make_seal({.audience = "tests", .purpose = "policy"}, claims);
  const Bytes envelope = value_of(serialize(make_connection(), seal));
  for (const Refusal& refusal : refusals) {
    const auto connection = deserialize(envelope, seal, refusal.config);
    ASSERT_FALSE(connection);
    EXPECT_EQ(to_string(connection.error().code), to_string(refusal.code)) << connection.error().message;
    EXPECT_EQ(claims->size(), 0u);
  }
  EXPECT_TRUE(deserialize(envelope, seal, config_with({})));
  EXPECT_EQ(claims->size(), 1u);
  const auto second = deserialize(envelope, seal, config_with({}));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::already_claimed);
}

INSTANTIATE_TEST_SUITE_P(EverySuite, ImportPolicies, testing::ValuesIn(every_role_and_suite()),
                         name_of_role_and_suite);

}  // namespace
}  // namespace baton::test
