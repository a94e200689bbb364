// How streams end, and what is refused.
#pragma once

#include "flavour.h"

namespace baton::test::BATON_ASIO_FLAVOUR {

using StreamError = baton::asio::error;

inline error_code received(Alert alert) {
  return {static_cast<int>(alert), baton::asio::alert_received()};
}
inline error_code sent(Alert alert) {
  return {static_cast<int>(alert), baton::asio::alert_sent()};
}

// What the next read of the stream says.
inline error_code read_error(net::io_context& io, Stream& stream) {
  Outcome outcome;
  char byte = 0;
  stream.async_read_some(net::buffer(&byte, 1), [&](error_code ec, std::size_t count) {
    outcome = {ec, count};
  });
  io.restart();
  io.run();
  EXPECT_EQ(outcome.count, 0U);
  return outcome.ec;
}

BATON_ASIO_TEST(CloseNotifyIsTheEnd) {
  Established pair;
  pair.theirs.async_shutdown([](error_code /*ec*/) {});  // waits for ours
  char byte = 0;
  error_code ec;
  pair.io.restart();
  pair.io.poll();
  pair.ours.read_some(net::buffer(&byte, 1), ec);
  EXPECT_EQ(ec, net::error::eof);
  pair.ours.shutdown();
  EXPECT_EQ(read_error(pair.io, pair.ours), net::error::eof) << "still";
}

// We may say more after the peer's end (RFC 8446 §6.1), and it after ours.
BATON_ASIO_TEST(EachDirectionEndsByItself) {
  net::io_context io;
  SocketPair sockets(io);
  Stream server(std::move(sockets.ours), our_config(Role::server));
  Stream client(std::move(sockets.theirs), our_config(Role::client));
  run(io, server.async_handshake(net::use_awaitable), client.async_handshake(net::use_awaitable));
  run(io, [&]() -> Task<> {
    co_await write_all(client, "request");
    co_await client.async_shutdown(net::use_awaitable);
    EXPECT_EQ((co_await write_all(client, "more")).ec, net::error::shut_down);
    EXPECT_EQ(co_await read_text(server, 7), "request");
    char byte = 0;
    EXPECT_EQ((co_await read_some(server, net::buffer(&byte, 1))).ec, net::error::eof);
    co_await write_all(server, "response");
    co_await server.async_shutdown(net::use_awaitable);
    co_await server.async_shutdown(net::use_awaitable);  // twice is once
    EXPECT_EQ(co_await read_text(client, 8), "response");
    EXPECT_EQ((co_await read_some(client, net::buffer(&byte, 1))).ec, net::error::eof);
  }());
}

BATON_ASIO_TEST(ACutStreamIsNoEnd) {
  Established pair;
  pair.theirs.next_layer().shutdown(tcp::socket::shutdown_send);
  EXPECT_EQ(read_error(pair.io, pair.ours), StreamError::stream_truncated);
  error_code ec;
  char byte = 0;
  pair.ours.read_some(net::buffer(&byte, 1), ec);
  EXPECT_EQ(ec, StreamError::stream_truncated);
  EXPECT_THAT(ec.message(), testing::HasSubstr("close_notify"));
}

BATON_ASIO_TEST(WhoBreaksTheProtocolIsSentAnAlert) {
  Established pair;
  const char garbage[] = "\x17\x03\x03\x00\x20 this is not sealed under any key";
  net::write(pair.theirs.next_layer(), net::buffer(garbage, 37));
  EXPECT_EQ(read_error(pair.io, pair.ours), sent(Alert::bad_record_mac));
  ASSERT_TRUE(pair.ours.failure());
  EXPECT_FALSE(pair.ours.failure()->from_peer);
  error_code ec;
  char byte = 0;
  pair.theirs.read_some(net::buffer(&byte, 1), ec);
  EXPECT_THAT(ec.message(), testing::HasSubstr("bad record mac"));
  pair.ours.write_some(net::buffer("x", 1), ec);
  EXPECT_EQ(ec, sent(Alert::bad_record_mac));
}

BATON_ASIO_TEST(APeersAlertIsAnError) {
  Established pair;
  const char garbage[] = "\x17\x03\x03\x00\x20 this is not sealed under any key";
  net::write(pair.ours.next_layer(), net::buffer(garbage, 37));
  error_code ec;
  char byte = 0;
  pair.theirs.read_some(net::buffer(&byte, 1), ec);  // sends its alert
  EXPECT_EQ(read_error(pair.io, pair.ours), received(Alert::bad_record_mac));
  EXPECT_THAT(received(Alert::bad_record_mac).message(), testing::HasSubstr("bad_record_mac"));
}

// Its number is 0, which an error code must not be.
BATON_ASIO_TEST(CloseNotifyDuringAHandshakeIsAFailure) {
  const auto close_notify = net::buffer("\x15\x03\x03\x00\x02\x01", 7);
  for (const bool waits : {false, true}) {
    net::io_context io;
    SocketPair sockets(io);
    Stream client(std::move(sockets.ours), our_config(Role::client));
    net::write(sockets.theirs, close_notify);
    error_code ec;
    if (waits) {
      client.handshake(ec);
    } else {
      client.async_handshake([&](error_code result) { ec = result; });
      io.run();
    }
    EXPECT_EQ(ec, net::error::eof);
    EXPECT_EQ(client.connection(), nullptr);
    EXPECT_TRUE(client.failure());
  }
}

// A next layer that reports what it has taken beside an error, as a TLS stream does.
struct TakesHalfAndFails {
  using executor_type = tcp::socket::executor_type;

  executor_type get_executor() { return socket.get_executor(); }
  tcp::socket& lowest_layer() { return socket; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return socket.async_read_some(buffers, std::forward<Token>(token));
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (!std::exchange(fails, false)) return socket.async_write_some(buffers, std::forward<Handler>(handler));
    std::string bytes(net::buffer_size(buffers) / 2, '\0');
    net::buffer_copy(net::buffer(bytes), buffers);
    net::write(socket, net::buffer(bytes));
    net::post(socket.get_executor(),
              [handler = std::forward<Handler>(handler), size = bytes.size()]() mutable {
                std::move(handler)(error_code(net::error::operation_aborted), size);
              });
  }

  tcp::socket socket;
  bool fails = false;
};

// R2: what the next layer has taken is not sent again.
BATON_ASIO_TEST(AFailedWriteIsGoneOnWithWhereItEnded) {
  Established pair;
  baton::asio::stream<TakesHalfAndFails> ours(TakesHalfAndFails{std::move(pair.ours.next_layer())},
                                              std::move(*pair.ours.release()));
  ours.next_layer().fails = true;
  run(pair.io, [&]() -> Task<> {
    const Outcome failed = co_await write_all(ours, "one ");
    EXPECT_EQ(failed.ec, net::error::operation_aborted);
    EXPECT_EQ(failed.count, 4U) << "it is sealed";
    co_await write_all(ours, "two");
    EXPECT_EQ(co_await read_text(pair.theirs, 7), "one two");
  }());
}

BATON_ASIO_TEST(AHandshakeFailsAtBothEnds) {
  net::io_context io;
  SocketPair sockets(io);
  ClientSettings settings;
  settings.server_name = kName;
  settings.ca_pem = TestCa("another").pem();
  Stream client(std::move(sockets.ours), serializable(Config::client(std::move(settings))));
  Stream server(std::move(sockets.theirs), our_config(Role::server));
  error_code client_ec;
  error_code server_ec;
  client.async_handshake([&](error_code ec) { client_ec = ec; });
  server.async_handshake([&](error_code ec) { server_ec = ec; });
  io.run();
  EXPECT_EQ(client_ec, sent(Alert::unknown_ca));
  EXPECT_EQ(server_ec, received(Alert::unknown_ca));
  EXPECT_EQ(client.connection(), nullptr);
  ASSERT_TRUE(client.failure());
  EXPECT_FALSE(client.failure()->reason.empty());
}

BATON_ASIO_TEST(AHandshakeThatIsCutIsTruncated) {
  net::io_context io;
  SocketPair sockets(io);
  Stream server(std::move(sockets.ours), our_config(Role::server));
  sockets.theirs.close();
  error_code result;
  server.async_handshake([&](error_code ec) { result = ec; });
  io.run();
  EXPECT_EQ(result, StreamError::stream_truncated);
}

BATON_ASIO_TEST(WhatHasNoConnectionIsRefused) {
  net::io_context io;
  SocketPair sockets(io);
  Stream stream(std::move(sockets.ours), Config::continuing(Role::server));
  error_code ec;
  char byte = 0;
  EXPECT_EQ(read_error(io, stream), net::error::not_connected);
  stream.write_some(net::buffer(&byte, 1), ec);
  EXPECT_EQ(ec, net::error::not_connected);
  EXPECT_THROW(stream.shutdown(), baton::asio::system_error);
  stream.handshake(ec);
  EXPECT_EQ(ec, baton::asio::make_error_code(ErrorCode::invalid_argument));
  EXPECT_EQ(ec.message(), "invalid_argument");
  auto taken = stream.release();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::consumed);
}

BATON_ASIO_TEST(ASecondOperationOfAKindIsRefused) {
  Established pair;
  error_code ec;
  char byte = 0;
  Outcome first;
  pair.ours.async_read_some(net::buffer(&byte, 1), [&](error_code e, std::size_t n) { first = {e, n}; });
  Outcome second;
  pair.ours.async_read_some(net::mutable_buffer(&byte, 1), [&](error_code e, std::size_t n) {
    second = {e, n};
  });
  pair.ours.handshake(ec);
  EXPECT_EQ(ec, net::error::in_progress);
  pair.ours.read_some(net::buffer(&byte, 1), ec);
  EXPECT_EQ(ec, net::error::in_progress);
  net::write(pair.theirs, net::buffer("x", 1));
  pair.io.restart();
  pair.io.run();
  EXPECT_EQ(second.ec, net::error::in_progress);
  EXPECT_FALSE(first.ec);
  EXPECT_EQ(byte, 'x');
  pair.ours.handshake(ec);
  EXPECT_EQ(ec, net::error::already_connected);
}

BATON_ASIO_TEST(WhatIsInFlightEndsWithTheStream) {
  auto pair = std::make_unique<Established>();
  error_code result;
  char byte = 0;
  {
    Stream stream(std::move(pair->ours));
    stream.async_read_some(net::buffer(&byte, 1), [&](error_code ec, std::size_t) { result = ec; });
  }
  pair->io.restart();
  pair->io.run();
  EXPECT_EQ(result, net::error::operation_aborted);
}

}  // namespace baton::test::BATON_ASIO_FLAVOUR
