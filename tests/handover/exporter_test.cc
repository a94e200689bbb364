// Exported keying material (RFC 8446 §7.5) is what libssl exports at the other end, also after an import.
#include "api_handover.h"
#include "baton_pair.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

constexpr std::size_t kLongestLabel = 249;  // bytes
constexpr std::size_t kMostExported = 8160;

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

LibsslPeer make_peer(Role role, const tls::CipherSuite& suite) {
  return role == Role::client ? LibsslPeer::client(kName)
                              : LibsslPeer::server(certificate_for_name(key_type_of(suite)));
}

// RFC 8446 §7.5: no context and an empty one give the same. Absent: libssl is told that there is none.
Bytes libssl_exports(SSL* ssl, std::string_view label, std::optional<std::string_view> context,
                     std::size_t size) {
  Bytes out(size);
  const ByteView bytes = as_bytes(context.value_or(""));
  EXPECT_EQ(SSL_export_keying_material(ssl, out.data(), out.size(), label.data(), label.size(), bytes.data(),
                                       bytes.size(), context ? 1 : 0),
            1);
  return out;
}

Bytes baton_exports(const Connection& connection, std::string_view label, std::string_view context,
                    std::size_t size) {
  Bytes out(size);
  const auto exported = connection.export_keying_material(label, as_bytes(context), out);
  EXPECT_TRUE(exported) << exported.error().message;
  return out;
}

void expect_same_material(const Connection& connection, SSL* ssl) {
  EXPECT_TRUE(connection.can_export_keying_material());
  const auto expect_same = [&](std::string_view label, std::optional<std::string_view> context,
                               std::size_t size) {
    EXPECT_EQ(baton_exports(connection, label, context.value_or(""), size),
              libssl_exports(ssl, label, context, size))
        << label.size() << " bytes of label, " << context.value_or("").size() << " of context, " << size;
  };
  for (std::size_t size = 1; size <= 300; ++size) expect_same("EXPORTER-baton", "a context", size);
  const std::string long_label(kLongestLabel, 'l');
  const std::string long_context(1000, 'c');
  for (const std::string_view label : {std::string_view("x"), std::string_view(long_label)}) {
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{32}, std::size_t{48}, std::size_t{300}, kMostExported}) {
      expect_same(label, std::nullopt, size);
      expect_same(label, "", size);
      expect_same(label, long_context, size);
    }
  }
}

class Exporter : public RoleAndSuiteTest {};
class ExporterTls12 : public RoleAndSuiteTest {};

TEST_P(Exporter, GivesWhatLibsslGives) {
  LibsslPeer peer = make_peer(other(role()), suite());
  Connection connection = shake_hands(config_with_exporter(role(), suite()), peer);
  expect_same_material(connection, peer.ssl());
  hand_over(connection, continuing(role()));
  expect_same_material(connection, peer.ssl());
  // The exporter secret belongs to the handshake: a KeyUpdate does not change it.
  ASSERT_TRUE(connection.update_keys(KeyUpdateRequest::update_not_requested));
  peer.receive(connection.take_output());
  hand_over(connection, continuing(role()));
  expect_same_material(connection, peer.ssl());
}

TEST_P(Exporter, RefusesSizesOutOfRange) {
  LibsslPeer peer = make_peer(other(role()), suite());
  const Connection connection = shake_hands(config_with_exporter(role(), suite()), peer);
  Bytes out(255 * crypto::hash_size(suite().hash) + 1);
  const auto too_much = connection.export_keying_material("x", {}, out);
  ASSERT_FALSE(too_much);
  EXPECT_EQ(too_much.error().code, ErrorCode::invalid_argument);
  const std::string label(kLongestLabel + 1, 'l');
  const auto too_long = connection.export_keying_material(label, {}, MutableBytes(out).first(32));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, ErrorCode::invalid_argument);
}

void expect_refused(const Connection& connection) {
  Bytes out(32);
  EXPECT_FALSE(connection.can_export_keying_material());
  const auto exported = connection.export_keying_material("EXPORTER-baton", {}, out);
  ASSERT_FALSE(exported);
  EXPECT_EQ(exported.error().code, ErrorCode::refused);
  EXPECT_EQ(out, Bytes(32)) << "something was written";
}

TEST_P(Exporter, IsRefusedWhenItsSecretWasNotKept) {
  LibsslPeer peer = make_peer(other(role()), suite());
  Connection connection = shake_hands(config_for(role(), suite()), peer);
  expect_refused(connection);
  hand_over(connection, continuing(role()));
  expect_refused(connection);
}

TEST_P(ExporterTls12, IsRefused) {
  LibsslPeer peer = make_peer(other(role()), suite());
  Connection connection = shake_hands(config_with_exporter(role(), suite()), peer);
  expect_refused(connection);
  hand_over(connection, continuing(role()));
  expect_refused(connection);
}

INSTANTIATE_TEST_SUITE_P(EverySuite, Exporter,
                         testing::ValuesIn(every_role_and_suite({ProtocolVersion::tls13})),
                         name_of_role_and_suite);
INSTANTIATE_TEST_SUITE_P(EverySuite, ExporterTls12,
                         testing::ValuesIn(every_role_and_suite({ProtocolVersion::tls12})),
                         name_of_role_and_suite);

}  // namespace
}  // namespace baton::test
