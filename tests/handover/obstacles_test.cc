// What stands in the way of serializing a connection, and that it then goes on as if nothing had been asked.
#include "api_handover.h"
#include "baton_pair.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

class Obstacles : public RoleAndSuiteTest {
 protected:
  // Ours with the configuration as it is given, the peer's in order.
  BatonPair pair_with(SerializationVersion version, bool rekey = false) {
    const Config config =
        config_for(role(), suite()).set_serialization_version(version).set_rekey_before_serialize(rekey);
    return role() == Role::server ? make_baton_pair(config, config_for(Role::client, suite()))
                                  : make_baton_pair(config_for(Role::server, suite()), config);
  }

  static Connection& ours(BatonPair& pair) { return role() == Role::server ? pair.server : pair.client; }
  static Connection& peers(BatonPair& pair) { return role() == Role::server ? pair.client : pair.server; }

  // Both calls and readiness say so, and none of them changes anything.
  static void expect_obstacle(Connection& connection, ErrorCode code, std::string_view message) {
    const Bytes output(connection.output().begin(), connection.output().end());
    const SerializationReadiness readiness = connection.serialization_readiness();
    ASSERT_TRUE(readiness.obstacle);
    EXPECT_EQ(to_string(readiness.obstacle->code), to_string(code));
    EXPECT_THAT(readiness.obstacle->message, testing::HasSubstr(message));
    EXPECT_EQ(readiness.unsent_ciphertext, output.size());
    const auto bytes = serialize_unprotected(std::move(connection));
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().message, readiness.obstacle->message);
    const auto envelope = serialize(std::move(connection), the_seal());
    ASSERT_FALSE(envelope);
    EXPECT_EQ(envelope.error().message, readiness.obstacle->message);
    EXPECT_TRUE(connection.alive());
    EXPECT_TRUE(std::ranges::equal(connection.output(), output));
  }
};

TEST_P(Obstacles, NoVersionIsSet) {
  for (const bool rekey : {false, true}) {
    BatonPair pair = pair_with(SerializationVersion::none, rekey);
    expect_obstacle(ours(pair), ErrorCode::refused, "no serialization version is set");
    EXPECT_EQ(serialization_length(ours(pair)), 0u);
    EXPECT_EQ(ours(pair).serialization_readiness().length, 0u);
    expect_data_passes(ours(pair), peers(pair));
    expect_obstacle(ours(pair), ErrorCode::refused, "no serialization version is set");
  }
}

TEST_P(Obstacles, AVersionThatIsNotKnown) {
  for (const bool rekey : {false, true}) {
    BatonPair pair = pair_with(SerializationVersion{9}, rekey);
    expect_obstacle(ours(pair), ErrorCode::unsupported_version,
                    "cannot write serialization version 9, newest known is 1");
    EXPECT_EQ(serialization_length(ours(pair)), 0u);
    expect_data_passes(ours(pair), peers(pair));
  }
}

TEST_P(Obstacles, AFailure) {
  BatonPair pair = pair_with(SerializationVersion::v1);
  ours(pair).abort(Alert::internal_error, "the disk is full");
  expect_obstacle(ours(pair), ErrorCode::refused, "the connection has failed: the disk is full");
  EXPECT_FALSE(ours(pair).output().empty()) << "the alert is still to be sent";
}

TEST_P(Obstacles, MoreInFlightThanMoves) {
  for (const bool rekey : {false, true}) {
    BatonPair pair = pair_with(SerializationVersion::v1, rekey);
    expect_data_passes(ours(pair), peers(pair));
    const std::string much(kMaxSerializedSize, 'm');
    ASSERT_TRUE(ours(pair).write(as_bytes(much)));
    expect_obstacle(ours(pair), ErrorCode::limit_exceeded, "send");
    EXPECT_GT(ours(pair).serialization_readiness().length, kMaxSerializedSize);
    deliver(ours(pair), peers(pair));
    EXPECT_TRUE(read_text(peers(pair)) == much);
    hand_over(ours(pair), continuing(role()));
    expect_data_passes(ours(pair), peers(pair));
  }
}

// The limit holds for what is written, to the byte.
TEST_P(Obstacles, ExactlyAsMuchInFlightAsMoves) {
  BatonPair pair = pair_with(SerializationVersion::v1);
  expect_data_passes(ours(pair), peers(pair));
  ASSERT_TRUE(peers(pair).write(Bytes(kMaxSerializedSize)));
  const Bytes wire = peers(pair).take_output();
  ours(pair).feed(ByteView(wire).first(1));
  const std::size_t room = kMaxSerializedSize - serialization_length(ours(pair));
  ours(pair).feed(ByteView(wire).subspan(1, room + 1));
  expect_obstacle(ours(pair), ErrorCode::limit_exceeded, "read");
  EXPECT_EQ(serialization_length(ours(pair)), kMaxSerializedSize + 1);

  pair = pair_with(SerializationVersion::v1);
  expect_data_passes(ours(pair), peers(pair));
  ASSERT_TRUE(peers(pair).write(Bytes(kMaxSerializedSize)));
  const Bytes again = peers(pair).take_output();
  ours(pair).feed(ByteView(again).first(1 + room));
  EXPECT_EQ(serialization_length(ours(pair)), kMaxSerializedSize);
  hand_over(ours(pair), continuing(role()));
  ours(pair).feed(ByteView(again).subspan(1 + room));
  EXPECT_TRUE(read_text(ours(pair)) == std::string(kMaxSerializedSize, '\0'));
}

INSTANTIATE_TEST_SUITE_P(BothVersions, Obstacles, testing::ValuesIn(one_suite_of_each_version()),
                         name_of_role_and_suite);

}  // namespace
}  // namespace baton::test
