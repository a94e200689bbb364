// `baton inspect`: what it shows of every kind of file, what it keeps to itself, and what it refuses.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "base/bytes.h"
#include "crypto/kdf.h"
#include "programs/baton_command.h"
#include "programs/temporary_folder.h"
#include "serialization/sealed.h"
#include "support/states.h"

namespace baton::command_line {
namespace {

using std::filesystem::path;
using test::content_of;
using test::kCommandTime;
using test::Outcome;
using test::run_baton;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const path kGolden = path(BATON_SOURCE_DIR) / "tests/golden";
const path kPlain = kGolden / "v1/TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256-server-everything.bin";
const path kWithChain = kGolden / "v1/TLS_AES_128_GCM_SHA256-client-metadata.bin";
const path kWithDigest = kGolden / "v1/TLS_AES_128_GCM_SHA256-client-digest.bin";
const path kSealed = kGolden / "envelope/v1.bin";

class InspectTest : public test::SeededTest {
 protected:
  // Inspects a copy that nobody else can read, and must succeed without a word on standard error.
  std::string shown(const path& file, std::vector<std::string> options = {}) {
    return shown_text(content_of(file), std::move(options));
  }
  std::string shown_text(std::string_view content, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"inspect", folder_.write("connection", content)});
    const Outcome outcome = run_baton(options);
    EXPECT_EQ(outcome.exit, Exit::ok);
    EXPECT_EQ(outcome.error_out, "");
    return outcome.out;
  }
  path golden_ring() const { return folder_.write("ring", content_of(kGolden / "envelope/keyring")); }

  std::string serialized(const std::function<void(tls::ConnectionState&)>& change) {
    auto state = std::move(test::make_states(*tls::find_cipher_suite(0x1301), random_).server);
    change(state);
    const auto bytes =
        serialization::serialize_unprotected(std::move(state), SerializationVersion::v1).value();
    return std::string(as_text(bytes));
  }

  test::TemporaryFolder folder_;
};

TEST_F(InspectTest, ShowsEverythingOfAConnection) {
  EXPECT_EQ(shown(kPlain), R"(Serialized connection, not sealed, 209 bytes

serialization version               1
serialized size                     209 bytes
role                                server
phase                               established
TLS version                         TLSv1.2
cipher suite                        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (0xC02F)
keying material                     20 bytes each way, not shown
next explicit nonce                 present, not shown
exporter secret                     not present
next sequence number from the peer  72623859790382856
next sequence number to the peer    1230066625199609624
largest fragment from the peer      2048 bytes
largest fragment to the peer        1024 bytes
KeyUpdate owed                      no
closed by the peer                  no
closed by us                        yes
unread ciphertext                   17 bytes, not shown
unread plaintext                    5 bytes, not shown
unsent ciphertext                   17 bytes, not shown
partial handshake message           2 bytes, not shown
server name                         "www.example.com"
ALPN                                "http/1.1"
group                               X25519
resumed                             no
handshake time                      unknown
peer certificate                    unknown
peer chain                          unknown
unknown fields                      number 4660 (7 bytes, not shown)
)");
}

TEST_F(InspectTest, ShowsEverythingAsJson) {
  EXPECT_EQ(
      shown(kPlain, {"--json"}),
      R"({"kind":"serialized_connection","size":209,"envelope":null,"connection":{"serialization_version":1,)"
      R"("size":209,"role":"server","phase":"established","tls_version":"TLSv1.2",)"
      R"("cipher_suite":"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256","cipher_suite_number":49199,)"
      R"("keying_material_size":20,"next_explicit_nonce_present":true,"exporter_secret_present":false,)"
      R"("read_sequence":72623859790382856,"write_sequence":1230066625199609624,)"
      R"("max_receive_fragment":2048,"max_send_fragment":1024,"key_update_owed":false,)"
      R"("read_closed":false,"write_closed":true,"unread_ciphertext_size":17,"unread_plaintext_size":5,)"
      R"("unsent_ciphertext_size":17,"partial_handshake_size":2,"deferred_ciphertext_size":0,"server_name":"www.example.com",)"
      R"("alpn":"http/1.1","group":"X25519","group_number":29,"resumed":false,"handshake_time":null,)"
      R"("peer_certificate_sha256":null,"peer_chain_sizes":[],)"
      R"("unknown_fields":[{"number":4660,"size":7}]}})"
      "\n");
}

TEST_F(InspectTest, ShowsThePeersCertificate) {
  const std::string bytes = content_of(kWithChain);
  auto state = serialization::deserialize_unprotected(as_bytes(bytes)).value();
  ASSERT_EQ(state.peer_chain.size(), 2U);
  tls::CertificateDigest leaf;
  ASSERT_TRUE(crypto::digest(crypto::HashAlgorithm::sha256, state.peer_chain[0], leaf));
  EXPECT_THAT(shown(kWithChain),
              AllOf(HasSubstr("peer certificate                    SHA-256 " + to_hex(leaf) + "\n"),
                    HasSubstr("peer chain                          2 certificates, 300 + 200 bytes\n"),
                    HasSubstr("exporter secret                     32 bytes, not shown\n")));
  EXPECT_THAT(
      shown(kWithChain, {"--json"}),
      AllOf(HasSubstr(R"("peer_certificate_sha256":")" + to_hex(leaf) + '"'),
            HasSubstr(R"("peer_chain_sizes":[300,200])"), HasSubstr(R"("exporter_secret_present":true)")));
  const std::string digest(64, 'd');
  EXPECT_THAT(shown(kWithDigest), HasSubstr("SHA-256 " + digest + "\n"));
  EXPECT_THAT(shown(kWithDigest, {"--json"}),
              AllOf(HasSubstr(R"("peer_certificate_sha256":")" + digest + '"'),
                    HasSubstr(R"("peer_chain_sizes":[])")));
}

TEST_F(InspectTest, ShowsWhatIsSeldom) {
  const std::string bytes = serialized([](tls::ConnectionState& state) {
    state.handshake_time = kCommandTime;
    state.resumed = true;
    state.key_update_owed = true;
    state.read_closed = true;
    state.group = 0x1234;
    state.peer_chain.emplace_back(900, std::uint8_t{1});
  });
  EXPECT_THAT(shown_text(bytes),
              AllOf(HasSubstr("handshake time                      2027-01-15T08:00:00Z\n"),
                    HasSubstr("resumed                             yes\n"),
                    HasSubstr("KeyUpdate owed                      yes\n"),
                    HasSubstr("closed by the peer                  yes\n"),
                    HasSubstr("group                               group(4660)\n"),
                    HasSubstr("peer chain                          1 certificate, 900 bytes\n")));
  EXPECT_THAT(shown_text(bytes, {"--json"}),
              AllOf(HasSubstr(R"("handshake_time":"2027-01-15T08:00:00Z")"), HasSubstr(R"("resumed":true)"),
                    HasSubstr(R"("key_update_owed":true,"read_closed":true)"),
                    HasSubstr(R"~("group":"group(4660)","group_number":4660)~")));
}

// Every secret of a connection, in hexadecimal.
std::vector<std::string> secrets_of(const tls::ConnectionState& state) {
  std::vector<std::string> secrets = {to_hex(state.read.keying.view()), to_hex(state.write.keying.view())};
  if (!state.exporter_secret.empty()) secrets.push_back(to_hex(state.exporter_secret.view()));
  if (state.next_explicit_nonce != 0) secrets.push_back(fmt::format("{:016x}", state.next_explicit_nonce));
  for (const SecretBuffer* buffer : {&state.unread_plaintext, &state.partial_handshake}) {
    if (!buffer->empty()) secrets.push_back(to_hex(*buffer));
  }
  for (const tls::UnknownField& field : state.unknown_fields) secrets.push_back(to_hex(field.value));
  return secrets;
}

TEST_F(InspectTest, ShowsNoSecretOfAnyGoldenConnection) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden / "v1")) {
    ++files;
    const std::string bytes = content_of(entry.path());
    const std::string out = shown(entry.path()) + shown(entry.path(), {"--json"});
    const auto state = serialization::deserialize_unprotected(as_bytes(bytes)).value();
    EXPECT_THAT(out, HasSubstr(std::string(state.suite->name)));
    for (const std::string& secret : secrets_of(state)) {
      // Short ones could be there by chance.
      EXPECT_TRUE(secret.size() < 10 || out.find(secret) == std::string::npos) << entry.path();
    }
    // The keying material stands in the file as it is, and no part of it may stand in the output.
    EXPECT_THAT(out, Not(HasSubstr(std::string(as_text(state.read.keying.view().first(8))))));
    EXPECT_THAT(out, Not(HasSubstr(to_hex(state.write.keying.view().first(8)))));
  }
  EXPECT_GE(files, 72U);
}

TEST_F(InspectTest, NamesCannotForgeLines) {
  const std::string bytes = serialized([](tls::ConnectionState& state) {
    state.server_name = "a\nresumed  yes\x1b[2J\"\\\r\x7f\xc3\xa9\xff";
    state.alpn = std::string("\0h", 2);
  });
  const std::string text = shown_text(bytes);
  EXPECT_THAT(text, HasSubstr("\"a\\x0aresumed  yes\\x1b[2J\\\"\\\\\\x0d\\x7f\\xc3\\xa9\\xff\"\n"));
  EXPECT_THAT(text, HasSubstr("\"\\x00h\"\n"));
  const std::string json = shown_text(bytes, {"--json"});
  EXPECT_THAT(
      json,
      HasSubstr(
          "\"server_name\":\"a\\u000aresumed  yes\\u001b[2J\\u0022\\u005c\\u000d\\u007f\\u00e9\\ufffd\""));
  EXPECT_THAT(json, HasSubstr("\"alpn\":\"\\u0000h\""));
  EXPECT_EQ(std::ranges::count(json, '\n'), 1);
}

TEST_F(InspectTest, SealedConnectionsNeedAKeyRing) {
  EXPECT_EQ(shown(kSealed), R"(Sealed connection, 1090 bytes

envelope version  1
key id            8899aabbccddeeff
ciphertext        1040 bytes

To see more, give the key ring that has this key: --keyring RING
)");
  EXPECT_EQ(shown(kSealed, {"--json"}),
            R"({"kind":"sealed_connection","size":1090,"envelope":{"version":1,"key_id":"8899aabbccddeeff",)"
            R"("ciphertext_size":1040,"claim_id":null,"sealed_at":null,"expires_at":null,"expired":null,)"
            R"("audience":null,"purpose":null,"role":null},"connection":null})"
            "\n");
}

TEST_F(InspectTest, AKeyRingOpensSealedConnections) {
  const std::string ring = golden_ring();
  const std::string text = shown(kSealed, {"--keyring", ring});
  EXPECT_THAT(text, StartsWith(R"(Sealed connection, 1090 bytes

envelope version  1
key id            8899aabbccddeeff
ciphertext        1040 bytes
claim id          c0c1c2c3c4c5c6c7c8c9cacbcccdcecf
sealed at         2027-01-15T08:00:00Z
expires at        2028-01-15T08:00:00Z, not expired
audience          "cluster-1"
purpose           "handover"
role              server

Connection in it

serialization version               1
serialized size                     164 bytes
role                                server
)"));
  const std::string json = shown(kSealed, {"--json", "--keyring", ring});
  EXPECT_THAT(
      json,
      StartsWith(
          R"({"kind":"sealed_connection","size":1090,"envelope":{"version":1,"key_id":"8899aabbccddeeff",)"
          R"("ciphertext_size":1040,"claim_id":"c0c1c2c3c4c5c6c7c8c9cacbcccdcecf",)"
          R"("sealed_at":"2027-01-15T08:00:00Z","expires_at":"2028-01-15T08:00:00Z","expired":false,)"
          R"("audience":"cluster-1","purpose":"handover","role":"server"},)"
          R"("connection":{"serialization_version":1,"size":164,"role":"server",)"));
  // The golden connection's secrets count from these bytes on; the ring's from these.
  for (const char* secret : {"1011121314", "8081828384", "2021222324", "4041424344"}) {
    EXPECT_THAT(text + json, Not(HasSubstr(secret)));
  }
}

TEST_F(InspectTest, SaysWhetherItHasExpired) {
  const std::string ring = golden_ring();
  const UnixTime expiry = kCommandTime + std::chrono::days(365);
  const auto json_at = [&](UnixTime now) {
    return run_baton({"inspect", kSealed, "--json", "--keyring", ring}, now).out;
  };
  EXPECT_THAT(json_at(expiry - std::chrono::seconds(1)), HasSubstr(R"("expired":false)"));
  EXPECT_THAT(json_at(expiry), HasSubstr(R"("expired":true)"));
  EXPECT_THAT(run_baton({"inspect", kSealed, "--keyring", ring}, expiry).out,
              HasSubstr("expires at        2028-01-15T08:00:00Z, expired\n"));
}

TEST_F(InspectTest, InspectingSpendsNothing) {
  const path ring = golden_ring();
  const std::string text = content_of(ring);
  const std::string envelope = content_of(kSealed);
  shown(kSealed, {"--keyring", ring});
  EXPECT_EQ(shown(kSealed, {"--keyring", ring}), shown(kSealed, {"--keyring", ring}));
  EXPECT_EQ(content_of(ring), text);
  EXPECT_EQ(content_of(kSealed), envelope);
}

}  // namespace
}  // namespace baton::command_line
