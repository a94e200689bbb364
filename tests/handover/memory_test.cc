// R6: once a connection is gone, its secrets stand nowhere in the memory of the process.
#include "api/inside.h"
#include "baton/serialize.h"
#include "memory_search.h"
#include "peer_process.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

using std::chrono::seconds;

Config config_with_exporter(Role role, const tls::CipherSuite& suite) {
  if (role == Role::client) {
    ClientSettings settings = client_settings(suite);
    settings.keep.exporter_secret = true;
    return serializable(Config::client(std::move(settings)));
  }
  ServerSettings settings = server_settings(suite);
  settings.keep.exporter_secret = true;
  return serializable(Config::server(std::move(settings)));
}

class Memory : public RoleAndSuiteTest {
 protected:
  Memory() : search_(random_) {}

  // After a handshake of ours with another process, its secrets noted.
  Connection connect() {
    Connection connection =
        PeerProcess(other(role()), suite()).connect(config_with_exporter(role(), suite()));
    const tls::ConnectionState& state = connection.inside().connection.state();
    for (const tls::KeyingMaterial* keying : {&state.read.keying, &state.write.keying}) {
      search_.look_for(keying->view().first(secret_size()));
    }
    if (!state.exporter_secret.empty()) search_.look_for(state.exporter_secret.view());
    return connection;
  }

  // The traffic secret, or the key of TLS 1.2, which a cipher's own memory holds without the IV.
  static std::size_t secret_size() {
    return suite().version == ProtocolVersion::tls13 ? suite().keying_size()
                                                     : crypto::aead_key_size(suite().aead);
  }

  // A test that finds nothing is worth something only if there was something to find.
  void expect_found() const { EXPECT_GE(search_.hits(), 2u); }
  void expect_gone() const { EXPECT_EQ(search_.hits(), 0u); }

  MemorySearch search_;
};

TEST_P(Memory, AfterAConnection) {
  {
    const Connection connection = connect();
    expect_found();
  }
  expect_gone();
}

TEST_P(Memory, AfterAMove) {
  Connection first = connect();
  {
    const Connection second = std::move(first);
    expect_found();
  }
  expect_gone();
}

TEST_P(Memory, AfterSerializeUnprotected) {
  Connection connection = connect();
  {
    const SecretBuffer bytes = value_of(serialize_unprotected(std::move(connection)));
    expect_found();
  }
  expect_gone();
}

TEST_P(Memory, AfterSerialize) {
  Connection connection = connect();
  const Bytes envelope = value_of(serialize(std::move(connection), the_seal()));
  expect_gone();
  {
    const Connection back = value_of(deserialize(envelope, the_seal(), continuing(role())));
    expect_found();
  }
  expect_gone();
}

TEST_P(Memory, AfterDeserialize) {
  {
    SecretBuffer bytes = value_of(serialize_unprotected(connect()));
    const Connection back = value_of(deserialize_unprotected(bytes, continuing(role())));
    expect_found();
    bytes = SecretBuffer();
    expect_found();
  }
  expect_gone();
}

TEST_P(Memory, AfterARekeyBeforeSerialize) {
  Connection connection = value_of(deserialize_unprotected(
      value_of(serialize_unprotected(connect())), continuing(role()).set_rekey_before_serialize(true)));
  search_.look_for(connection.inside().connection.state().write.keying.view().first(secret_size()));
  expect_found();
  static_cast<void>(value_of(serialize(std::move(connection), the_seal())));
  expect_gone();
}

// Each of these is refused after more has been decoded than by the one before.
TEST_P(Memory, AfterAnImportThatFails) {
  SecretBuffer bytes = value_of(serialize_unprotected(connect()));
  ImportPolicy policy;
  policy.cipher_suites = {"TLS_NULL_WITH_NULL_NULL"};
  const Config strict = continuing(role()).set_import_policy(policy);
  policy.cipher_suites.clear();
  policy.max_size = bytes.size() - 1;
  const Config small = continuing(role()).set_import_policy(policy);
  const std::size_t in_bytes = search_.hits();
  const auto expect_refused = [&](ByteView input, const Config& config, ErrorCode code) {
    const auto connection = deserialize_unprotected(input, config);
    ASSERT_FALSE(connection);
    EXPECT_EQ(to_string(connection.error().code), to_string(code)) << connection.error().message;
    EXPECT_EQ(search_.hits(), in_bytes) << "a copy is left";
  };
  expect_refused(bytes, small, ErrorCode::limit_exceeded);
  expect_refused(ByteView(bytes).first(bytes.size() - 1), continuing(role()), ErrorCode::truncated);
  expect_refused(bytes, continuing(other(role())), ErrorCode::wrong_role);
  expect_refused(bytes, strict, ErrorCode::not_allowed);
  // A field without number and value; then one that must be understood.
  bytes.resize(bytes.size() + 6);
  expect_refused(bytes, continuing(role()), ErrorCode::malformed);
  bytes.resize(bytes.size() - 6);
  bytes.insert(bytes.end(), {0xF0, 0x00, 0, 0, 0, 1, 0});
  expect_refused(bytes, continuing(role()), ErrorCode::unknown_field);
  expect_found();
  bytes = SecretBuffer();
  expect_gone();
}

TEST_P(Memory, AfterAnEnvelopeThatIsRefused) {
  const Bytes envelope = value_of(serialize(connect(), the_seal()));
  ImportPolicy policy;
  policy.cipher_suites = {"TLS_NULL_WITH_NULL_NULL"};
  const Config ours = continuing(role());
  const UnixTime expired = ours.now() + seconds(3600);
  const auto expect_refused = [&](const Config& config, ErrorCode code) {
    const auto connection = deserialize(envelope, the_seal(), config);
    ASSERT_FALSE(connection);
    EXPECT_EQ(to_string(connection.error().code), to_string(code)) << connection.error().message;
    expect_gone();
  };
  expect_refused(continuing(other(role())), ErrorCode::wrong_role);
  expect_refused(continuing(role()).set_import_policy(policy), ErrorCode::not_allowed);
  expect_refused(continuing(role()).set_clock([expired] { return expired; }), ErrorCode::expired);
  {
    const Connection back = value_of(deserialize(envelope, the_seal(), ours));
    expect_found();
  }
  expect_refused(ours, ErrorCode::already_claimed);
}

INSTANTIATE_TEST_SUITE_P(EverySuite, Memory, testing::ValuesIn(every_role_and_suite()),
                         name_of_role_and_suite);

}  // namespace
}  // namespace baton::test
