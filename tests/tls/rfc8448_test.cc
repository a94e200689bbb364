// Whole records of the "Simple 1-RTT Handshake" in RFC 8448 §3.
#include "support/hex.h"
#include "support/states.h"

namespace baton::tls {
namespace {

using test::from_hex;

constexpr const char* kClientSecret = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
constexpr const char* kServerSecret = "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
// "complete record (72 octets)" of each side's application data, which is the octets 0 to 49.
constexpr const char* kClientData =
    "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f"
    "5a6292a2977014bd1e3deae63aeebb21694915e4";
constexpr const char* kServerData =
    "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4b"
    "f2e5f0a21c0047c2abf332540dd032e167c2955d";
// "complete record (24 octets)" of each side's close_notify.
constexpr const char* kClientClose = "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";
constexpr const char* kServerClose = "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";

// The server has sent one record before, its NewSessionTicket.
Connection make(Role role) {
  ConnectionState state;
  state.role = role;
  state.suite = find_cipher_suite(0x1301);
  DirectionState& from_client = role == Role::client ? state.write : state.read;
  DirectionState& from_server = role == Role::client ? state.read : state.write;
  from_client.keying = KeyingMaterial(from_hex(kClientSecret));
  from_server.keying = KeyingMaterial(from_hex(kServerSecret));
  from_server.sequence = 1;
  return test::connect(std::move(state));
}

Bytes payload() {
  Bytes bytes;
  for (std::uint8_t i = 0; i < 50; ++i) bytes.push_back(i);
  return bytes;
}

TEST(Rfc8448, RecordsAreSealedBitForBit) {
  Connection client = make(Role::client);
  Connection server = make(Role::server);
  test::write(client, payload());
  EXPECT_EQ(to_hex(client.output()), kClientData);
  client.output_sent(client.output().size());
  test::write(server, payload());
  EXPECT_EQ(to_hex(server.output()), kServerData);
  server.output_sent(server.output().size());
  ASSERT_TRUE(client.close_write());
  EXPECT_EQ(to_hex(client.output()), kClientClose);
  ASSERT_TRUE(server.close_write());
  EXPECT_EQ(to_hex(server.output()), kServerClose);
}

TEST(Rfc8448, RecordsAreOpened) {
  Connection client = make(Role::client);
  Connection server = make(Role::server);
  server.feed(from_hex(kClientData));
  EXPECT_EQ(test::read_all(server), payload());
  client.feed(from_hex(kServerData));
  EXPECT_EQ(test::read_all(client), payload());
  server.feed(from_hex(kClientClose));
  EXPECT_TRUE(std::holds_alternative<PeerClosed>(server.next()));
  client.feed(from_hex(kServerClose));
  EXPECT_TRUE(std::holds_alternative<PeerClosed>(client.next()));
}

}  // namespace
}  // namespace baton::tls
