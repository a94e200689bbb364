// Connections that leave a stream and go on in another one.
#pragma once

#include <random>

#include "data_cases.h"

namespace baton::test::BATON_ASIO_FLAVOUR {

// Through a serialized connection into a new stream on the same socket.
inline void hand_on(Stream& stream) {
  auto envelope = stream.serialize(the_seal());
  ASSERT_TRUE(envelope) << envelope.error().message;
  EXPECT_EQ(stream.connection(), nullptr);
  Connection connection = value_of(deserialize(*envelope, the_seal(), continuing(Role::server)));
  stream = Stream(std::move(stream.next_layer()), std::move(connection));
}

// What the stream hears, it says again, and is handed on at random points.
inline Task<> echo_and_hand_on(Stream& stream, std::size_t size, std::uint32_t seed) {
  std::minstd_rand random(seed);
  std::string piece(3000, '\0');
  for (std::size_t done = 0; done < size;) {
    const std::size_t most = 1 + random() % piece.size();
    const std::size_t count = co_await stream.async_read_some(net::buffer(piece, most), net::use_awaitable);
    if (random() % 4 == 0) hand_on(stream);
    co_await net::async_write(stream, net::buffer(piece, count), net::use_awaitable);
    if (random() % 4 == 0) hand_on(stream);
    done += count;
  }
}

BATON_ASIO_TEST(AHandoverLosesNoByteAndDoublesNone) {
  const auto seed = static_cast<std::uint32_t>(choose_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (const ProtocolVersion version : {ProtocolVersion::tls12, ProtocolVersion::tls13}) {
    Established pair(Role::server, version);
    const std::string bytes = payload(300'000, seed);
    run(pair.io, send_in_pieces(pair.theirs, bytes, seed), expect_in_pieces(pair.theirs, bytes, seed + 1),
        echo_and_hand_on(pair.ours, bytes.size(), seed + 2));
  }
}

BATON_ASIO_TEST(AnOperationInFlightKeepsTheConnection) {
  Established pair;
  char byte = 0;
  error_code result;
  pair.ours.async_read_some(net::buffer(&byte, 1), [&](error_code ec, std::size_t) { result = ec; });
  auto refused = pair.ours.release();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::refused);
  EXPECT_FALSE(pair.ours.serialize(the_seal()));

  pair.ours.lowest_layer().cancel();
  pair.io.restart();
  pair.io.run();
  EXPECT_EQ(result, net::error::operation_aborted);
  hand_on(pair.ours);
  expect_alive(pair.io, pair.ours, pair.theirs);
}

// R2: what a cancelled write has sealed, the next stream sends.
BATON_ASIO_TEST(WhatWasNotSentMovesAlong) {
  Established pair;
  const std::string bytes = payload(std::size_t{64} * 1024, 7);
  std::size_t sealed = 0;
  Outcome outcome;
  while (!outcome.ec) {  // until the sockets are full
    bool ended = false;
    pair.ours.async_write_some(net::buffer(bytes), [&](error_code ec, std::size_t count) {
      outcome = {ec, count};
      ended = true;
    });
    pair.io.restart();
    pair.io.poll();
    if (!ended) {
      pair.ours.lowest_layer().cancel();
      pair.io.restart();
      pair.io.run();
    }
    sealed += outcome.count;
  }
  EXPECT_EQ(outcome.ec, net::error::operation_aborted);
  EXPECT_EQ(sealed % bytes.size(), 0U);
  EXPECT_GT(pair.ours.connection()->output().size(), 0U);

  hand_on(pair.ours);
  EXPECT_GT(pair.ours.connection()->output().size(), 0U);
  run(pair.io, pair.ours.async_flush(net::use_awaitable), [&]() -> Task<> {
    for (std::size_t read = 0; read < sealed; read += bytes.size()) {
      EXPECT_TRUE(co_await read_text(pair.theirs, bytes.size()) == bytes);
    }
  }());
  EXPECT_EQ(pair.ours.connection()->output().size(), 0U);
  expect_alive(pair.io, pair.ours, pair.theirs);
}

// R1: whoever gave the connection away sends nothing more.
BATON_ASIO_TEST(AReleasedStreamIsSilent) {
  Established pair;
  expect_alive(pair.io, pair.ours, pair.theirs);
  Connection connection = value_of(pair.ours.release());
  EXPECT_TRUE(connection.alive());
  error_code ec;
  char byte = 0;
  pair.ours.write_some(net::buffer(&byte, 1), ec);
  EXPECT_EQ(ec, net::error::not_connected);
  pair.ours.read_some(net::buffer(&byte, 1), ec);
  EXPECT_EQ(ec, net::error::not_connected);
  pair.ours.shutdown(ec);
  pair.ours.flush(ec);
  EXPECT_EQ(ec, net::error::not_connected);
  ASSERT_FALSE(pair.ours.release());

  tcp::socket socket = std::move(pair.ours.next_layer());
  pair.ours = Stream(tcp::socket(pair.io), Config::continuing(Role::server));
  EXPECT_EQ(pair.theirs.next_layer().available(), 0U);
  Stream next(std::move(socket), std::move(connection));
  expect_alive(pair.io, next, pair.theirs);
}

BATON_ASIO_TEST(WhatCannotBeSerializedStays) {
  net::io_context io;
  SocketPair sockets(io);
  ServerSettings settings;
  settings.credentials.push_back(credential(certificate_for_name(KeyType::p256)));
  Stream server(std::move(sockets.ours), value_of(Config::server(std::move(settings))));
  Stream client(std::move(sockets.theirs), our_config(Role::client));
  run(io, server.async_handshake(net::use_awaitable), client.async_handshake(net::use_awaitable));
  auto bytes = server.serialize_unprotected();
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, ErrorCode::refused);
  expect_alive(io, server, client);
}

}  // namespace baton::test::BATON_ASIO_FLAVOUR
