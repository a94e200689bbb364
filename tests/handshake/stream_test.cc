// R2: whatever way the peer's stream is cut, the handshake takes its own bytes and not one more.
#include <gtest/gtest.h>

#include "handshake/record_inbox.h"
#include "peers.h"

namespace baton::test {
namespace {

using handshake::Progress;
using tls::ProtocolVersion;

// Feeds in pieces of `piece` bytes, stopping where the handshake stops.
void receive_in_pieces(BatonPeer& peer, ByteView bytes, std::size_t piece) {
  while (!bytes.empty() && peer.progress() == Progress::need_bytes) {
    const ByteView next = bytes.first(std::min(piece, bytes.size()));
    peer.receive(next);
    bytes = bytes.subspan(next.size());
  }
}

handshake::TenantPolicy up_to(ProtocolVersion version) {
  handshake::TenantPolicy policy;
  policy.max_version = version;
  return policy;
}

struct Cut {
  ProtocolVersion version;
  std::size_t piece;
};

class Cutting : public testing::TestWithParam<Cut> {};

TEST_P(Cutting, LeavesWhatFollowsTheFinished) {
  BatonPeer server = make_server(make_tenant(up_to(GetParam().version)));
  LibsslPeer client = LibsslPeer::client(kName);
  client.start();
  Bytes stream;
  const auto to_server = [&](Bytes bytes) {
    append(stream, bytes);
    receive_in_pieces(server, bytes, GetParam().piece);
    client.receive(server.take_output());
  };
  to_server(client.take_output());
  Bytes last_flight = client.take_output();
  const std::size_t handshake_size = stream.size() + last_flight.size();
  // TLS 1.3: the client is done and sends its request with its Finished. TLS 1.2: bytes that stand for it.
  const bool request_goes_along = client.complete();
  if (request_goes_along) {
    client.write("request");
    append(last_flight, client.take_output());
  } else {
    append(last_flight, as_bytes("\x17\x03\x03"));
  }
  to_server(last_flight);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  EXPECT_EQ(request_goes_along, GetParam().version == ProtocolVersion::tls13);
  EXPECT_EQ(server->consumed(), handshake_size);
  if (!request_goes_along) return;
  tls::Connection connection = continue_connection(server, stream);
  EXPECT_EQ(read_text(connection), "request");
  expect_data_passes(connection, client);
}

std::vector<Cut> cuts() {
  std::vector<Cut> all;
  for (ProtocolVersion version : {ProtocolVersion::tls12, ProtocolVersion::tls13}) {
    for (std::size_t piece : {1U, 2U, 3U, 5U, 6U, 7U, 64U, 250U, 1000000U}) all.push_back({version, piece});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Pieces, Cutting, testing::ValuesIn(cuts()));

TEST(Stream, ClientLeavesTicketsAndDataBehindTheFinished) {
  for (ProtocolVersion version : {ProtocolVersion::tls12, ProtocolVersion::tls13}) {
    LibsslPeer server = LibsslPeer::server(certificate_for_name(KeyType::p256));
    handshake::ClientOptions options;
    options.max_version = version;
    BatonPeer client = make_client(std::move(options));
    client.start();
    Bytes stream;
    server.receive(client->take_output());
    Bytes first = server.take_output();
    append(stream, first);
    receive_in_pieces(client, first, 1);
    server.receive(client->take_output());
    ASSERT_TRUE(server.complete());
    server.write("greeting");
    Bytes second = server.take_output();  // TLS 1.2: its Finished; TLS 1.3: tickets; and the greeting
    append(stream, second);
    receive_in_pieces(client, second, second.size());
    ASSERT_EQ(client.progress(), Progress::complete) << client->failure().reason;
    if (version == ProtocolVersion::tls13) {
      EXPECT_EQ(client->consumed(), first.size());
    }
    EXPECT_LT(client->consumed(), stream.size());
    tls::Connection connection = continue_connection(client, stream);
    EXPECT_EQ(read_text(connection), "greeting");
    expect_data_passes(connection, server);
  }
}

TEST(Stream, TakesSmallRecordsPackedTogether) {
  handshake::TenantPolicy policy;
  policy.client_ca_pem = test_ca().pem();
  BatonPeer server = make_server(make_tenant(policy));
  LibsslPeer client = LibsslPeer::client(kName);
  CertificateOptions options;
  options.padding = 3000;
  client.use_certificate(test_ca().issue(options));
  ASSERT_EQ(SSL_set_max_send_fragment(client.ssl(), 512), 1);
  const Streams streams = connect(client, server);
  ASSERT_EQ(server.progress(), Progress::complete) << server->failure().reason;
  EXPECT_GT(split_records(streams.to_server).size(), 6U);
  EXPECT_EQ(server->consumed(), streams.to_server.size());
  tls::Connection connection = continue_connection(server, streams.to_server);
  expect_data_passes(connection, client);
}

TEST(Stream, RefusesAFinishedThatWasChanged) {
  BatonPeer server = make_server(make_tenant(up_to(ProtocolVersion::tls12)));
  BatonPeer client = make_client();
  client.start();
  server.receive(client->take_output());
  client.receive(server->take_output());
  std::vector<Bytes> records = split_records(client->take_output());
  ASSERT_EQ(records.size(), 3U);  // ClientKeyExchange, change_cipher_spec, Finished
  records[2].back() ^= 1;
  for (const Bytes& record : records) server.receive(record);
  ASSERT_EQ(server.progress(), Progress::failed);
  EXPECT_EQ(server->failure().alert, tls::Alert::bad_record_mac);
}

TEST(RecordInbox, CutsRecords) {
  handshake::RecordInbox inbox;
  const Bytes stream = {22, 3, 1, 0, 2, 7, 8, 21, 3, 3, 0, 1, 9, 23};
  for (std::size_t i = 0; i < stream.size(); ++i) {
    inbox.add(ByteView(stream).subspan(i, 1));
    const handshake::NextRecord next = inbox.next();
    if (i == 6 || i == 12) {
      const auto* record = std::get_if<handshake::WholeRecord>(&next);
      ASSERT_NE(record, nullptr);
      EXPECT_EQ(record->bytes.size(), i == 6 ? 7U : 6U);
      EXPECT_EQ(record->bytes.back(), stream[i]);
    } else {
      EXPECT_TRUE(std::holds_alternative<handshake::NeedBytes>(next)) << i;
    }
  }
  EXPECT_EQ(inbox.kept(), 1U);
}

TEST(RecordInbox, KnowsTheLargestRecord) {
  const auto next_for = [](std::size_t length) {
    handshake::RecordInbox inbox;
    inbox.add(Bytes{22, 3, 3, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)});
    return std::holds_alternative<handshake::NeedBytes>(inbox.next());
  };
  EXPECT_TRUE(next_for(16384 + 2048));
  EXPECT_FALSE(next_for(16384 + 2049));
}

TEST(ProtectedRecords, CountBehindChangeCipherSpec) {
  handshake::ProtectedRecords records;
  records.note(Bytes{22, 3, 3, 0, 1, 1});
  EXPECT_FALSE(records.begun());
  records.note(Bytes{20, 3, 3, 0, 1, 1});
  EXPECT_TRUE(records.begun());
  EXPECT_EQ(records.count(), 0U);
  records.note(Bytes{22, 3, 3, 0, 9, 0, 0, 0, 0, 0, 0, 1, 4, 99});
  records.note(Bytes{22, 3, 3, 0, 9, 0, 0, 0, 0, 0, 0, 1, 5, 99});
  EXPECT_EQ(records.count(), 2U);
  EXPECT_EQ(records.last_explicit_nonce(), 0x105U);
}

}  // namespace
}  // namespace baton::test
