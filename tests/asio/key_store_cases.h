// Handshakes through a key store, over a link of TLS and over a Unix socket.
#pragma once

#include "baton/asio/key_store_link.h"
#include "handover_cases.h"

#ifdef BATON_ASIO_BOOST
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#else
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#endif

namespace baton::test::BATON_ASIO_FLAVOUR {

using UnixSocket = net::local::stream_protocol::socket;
using TlsLink = baton::asio::key_store_link<tcp::socket>;
using UnixLink = baton::asio::key_store_link<UnixSocket>;

// The key store: moves the bytes of its end until the link is finished.
template <class Socket>
Task<> keep_keys(Socket& socket, LinkToApplicationServer& end) {
  Bytes received(std::size_t{64} * 1024);
  error_code ec;
  while (!ec) {
    const ByteView output = end.output();
    const Bytes piece(output.begin(), output.end());
    if (!piece.empty()) {
      co_await net::async_write(socket, net::buffer(piece), net::redirect_error(net::use_awaitable, ec));
      end.output_sent(piece.size());
      continue;
    }
    if (end.finished()) break;
    const std::size_t count =
        co_await socket.async_read_some(net::buffer(received), net::redirect_error(net::use_awaitable, ec));
    if (!ec)
      static_cast<void>(end.receive(ByteView(received).first(count), std::chrono::steady_clock::now()));
  }
  end.end("the stream has ended", std::chrono::steady_clock::now());
  socket.close();
}

inline KeyStoreOptions names(std::vector<std::string> served) {
  KeyStoreOptions options;
  options.names = std::move(served);
  return options;
}

inline std::vector<OffloadOutcome> outcomes(LinkToApplicationServer& end) {
  std::vector<OffloadOutcome> all;
  while (auto report = end.next_report()) all.push_back(report->outcome);
  return all;
}

// A link over a Unix socket, ready; and both its ends run whenever `io` does.
struct UnixKeyStore {
  explicit UnixKeyStore(net::io_context& io, const KeyStoreOptions& options = names({kName}))
      : socket(io),
        end(value_of(LinkToApplicationServer::over_unprotected(our_config(Role::server), options,
                                                               std::chrono::steady_clock::now()))) {
    UnixSocket theirs(io);
    net::local::connect_pair(theirs, socket);
    link.emplace(UnixLink::over_unprotected(std::move(theirs)));
    link->async_run([this](error_code ec) { ended = ec; });
    net::co_spawn(io, keep_keys(socket, end), [](std::exception_ptr) {});
  }

  UnixSocket socket;
  LinkToApplicationServer end;
  std::optional<UnixLink> link;
  std::optional<error_code> ended;
};

template <class Link>
Task<> serve_one(Link& link, tcp::socket socket) {
  Stream stream(std::move(socket), continuing(Role::server));
  co_await link.async_wait_ready(net::use_awaitable);
  OffloadRequest request;
  request.listener = "a listener whose name is no short string";
  co_await stream.async_handshake(link, request, net::use_awaitable);
  EXPECT_EQ(co_await read_text(stream, 7), "request");
  hand_on(stream);
  co_await write_all(stream, "response");
}

inline Task<> ask_one(tcp::socket socket, net::ssl::context& context) {
  OpensslStream stream(std::move(socket), context);
  SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           const_cast<char*>(kName));
  co_await stream.async_handshake(net::ssl::stream_base::client, net::use_awaitable);
  co_await write_all(stream, "request");
  EXPECT_EQ(co_await read_text(stream, 8), "response");
}

// TLS 1.3 is handed over with the server's first flight, TLS 1.2 behind the client's Finished, while the
// stream reads from the client.
BATON_ASIO_TEST(ManyHandshakesOnALinkOfTls) {
  net::io_context io;
  SocketPair sockets(io);
  ServerSettings server;
  server.credentials.push_back(credential(certificate_for_name(KeyType::p256)));
  server.client_ca_pem = test_ca().pem();
  server.keep.peer = PeerIdentity::digest;
  ClientSettings client;
  client.server_name = kName;
  client.ca_pem = test_ca().pem();
  client.credential = credential(certificate_for_name(KeyType::p256));
  client.keep.peer = PeerIdentity::digest;
  Stream theirs(std::move(sockets.theirs), value_of(Config::server(std::move(server))));
  Stream ours(std::move(sockets.ours), value_of(Config::client(std::move(client))));
  run(io, theirs.async_handshake(net::use_awaitable), ours.async_handshake(net::use_awaitable));
  LinkToApplicationServer end = value_of(
      LinkToApplicationServer::over(value_of(theirs.release()), our_config(Role::server), names({"*"}), {}));
  TlsLink link = value_of(TlsLink::over(std::move(ours)));

  net::ssl::context tls12 = openssl_context(Role::server, ProtocolVersion::tls12);
  net::ssl::context tls13 = openssl_context(Role::server, ProtocolVersion::tls13);
  net::co_spawn(io, keep_keys(theirs.next_layer(), end), [](std::exception_ptr) {});
  std::optional<error_code> ended;
  link.async_run([&](error_code ec) { ended = ec; });
  constexpr std::size_t kClients = 20;
  std::size_t served = 0;
  const auto on_served = [&](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
    if (++served == kClients) link.go_away("the test ends");
  };
  for (std::size_t i = 0; i < kClients; ++i) {
    SocketPair pair(io);
    net::co_spawn(io, serve_one(link, std::move(pair.ours)), on_served);
    net::co_spawn(io, ask_one(std::move(pair.theirs), i % 2 == 0 ? tls13 : tls12),
                  [](std::exception_ptr error) {
                    if (error) std::rethrow_exception(error);
                  });
  }
  io.restart();
  io.run();
  EXPECT_EQ(served, kClients);
  EXPECT_EQ(ended, error_code());
  EXPECT_EQ(link.in_flight(), 0U);
  const auto all = outcomes(end);
  EXPECT_EQ(std::ranges::count(all, OffloadOutcome::established), std::ptrdiff_t{kClients});
}

BATON_ASIO_TEST(AHandshakeOverAUnixSocket) {
  net::io_context io;
  UnixKeyStore store(io);
  SocketPair pair(io);
  net::ssl::context context = openssl_context(Role::server, ProtocolVersion::tls13);
  run(io, serve_one(*store.link, std::move(pair.ours)), ask_one(std::move(pair.theirs), context),
      [&]() -> Task<> {
        co_await store.link->async_wait_ready(net::use_awaitable);
        while (outcomes(store.end).empty()) co_await net::post(io, net::use_awaitable);
        store.link->go_away("the test ends");
      }());
  EXPECT_EQ(store.ended, error_code());
}

BATON_ASIO_TEST(ALinkThatIsNotReadyIsRefused) {
  net::io_context io;
  UnixKeyStore store(io);
  SocketPair pair(io);
  Stream stream(std::move(pair.ours), continuing(Role::server));
  error_code result;
  stream.async_handshake(*store.link, [&](error_code ec) { result = ec; });
  store.link->go_away("the test ends");
  io.run();
  EXPECT_EQ(result, baton::asio::make_error_code(ErrorCode::refused));
  EXPECT_EQ(store.ended, error_code());
  error_code wait;
  store.link->async_wait_ready([&](error_code ec) { wait = ec; });
  io.restart();
  io.run();
  EXPECT_EQ(wait, net::error::not_connected);
}

template <class Condition>
void run_until(net::io_context& io, Condition condition) {
  io.restart();
  while (!condition() && io.run_one() > 0) continue;
}

// The client has begun to speak, and the key store knows it.
struct RunningHandshake {
  RunningHandshake() {
    run_until(io, [&] { return store.link->ready(); });
    stream.async_handshake(*store.link, [this](error_code ec) { result = ec; });
    EXPECT_FALSE(stream.release()) << "it is in flight";
    net::write(pair.theirs, net::buffer("\x16\x03\x01\x01", 4));
    run_until(io, [&] { return store.end.in_flight() == 1; });
  }

  net::io_context io;
  UnixKeyStore store{io};
  SocketPair pair{io};
  Stream stream{std::move(pair.ours), continuing(Role::server)};
  std::optional<error_code> result;
};

BATON_ASIO_TEST(ALostLinkFailsItsHandshakes) {
  RunningHandshake handshake;
  handshake.store.link.reset();
  run_until(handshake.io, [&] { return handshake.result.has_value(); });
  EXPECT_EQ(handshake.result, error_code(baton::asio::error::key_store_failed));
  ASSERT_TRUE(handshake.stream.failure());
  EXPECT_THAT(handshake.stream.failure()->reason, testing::HasSubstr("closed"));
  // The client is told.
  std::string alert(7, '\0');
  EXPECT_EQ(net::read(handshake.pair.theirs, net::buffer(alert)), alert.size());
  EXPECT_EQ(alert[0], 21);
  EXPECT_NE(handshake.store.ended, error_code());
}

BATON_ASIO_TEST(AClientThatLeavesIsNoLoss) {
  RunningHandshake handshake;
  handshake.pair.theirs.close();
  run_until(handshake.io, [&] { return handshake.store.end.in_flight() == 0; });
  EXPECT_EQ(handshake.result, error_code(baton::asio::error::stream_truncated));
  EXPECT_EQ(outcomes(handshake.store.end), std::vector{OffloadOutcome::cancelled});
  EXPECT_EQ(handshake.store.link->in_flight(), 0U);
  EXPECT_TRUE(handshake.store.link->ready());
}

BATON_ASIO_TEST(AStreamThatEndsCancelsItsHandshake) {
  RunningHandshake handshake;
  { const Stream ending(std::move(handshake.stream)); }
  run_until(handshake.io, [&] { return handshake.store.end.in_flight() == 0; });
  EXPECT_EQ(handshake.result, error_code(net::error::operation_aborted));
}

// What the key store has said is on its way to a stream that is there no more.
BATON_ASIO_TEST(AStreamThatEndsBeforeItsNews) {
  RunningHandshake handshake;
  net::write(handshake.pair.theirs, net::buffer(std::string(257, '\0')));  // the rest is no ClientHello
  run_until(handshake.io, [&] { return handshake.store.link->in_flight() == 0; });
  { const Stream ending(std::move(handshake.stream)); }
  run_until(handshake.io, [&] { return handshake.result.has_value(); });
  EXPECT_EQ(handshake.result, error_code(net::error::operation_aborted));
}

BATON_ASIO_TEST(ANameThatTheKeyStoreDoesNotServeIsRefused) {
  net::io_context io;
  UnixKeyStore store(io, names({"other.example"}));
  SocketPair pair(io);
  Stream stream(std::move(pair.ours), continuing(Role::server));
  Stream client(std::move(pair.theirs), our_config(Role::client));
  error_code result;
  error_code told;
  run_until(io, [&] { return store.link->ready(); });
  stream.async_handshake(*store.link, [&](error_code ec) { result = ec; });
  client.async_handshake([&](error_code ec) { told = ec; });
  run_until(io, [&] { return result && told; });
  EXPECT_EQ(result, baton::asio::error::key_store_failed);
  EXPECT_EQ(told, error_code(static_cast<int>(Alert::unrecognized_name), baton::asio::alert_received()));
}

#if BATON_ASIO_CANCELS_OPERATIONS

BATON_ASIO_TEST(ACancelledHandshakeIsCancelledAtTheKeyStore) {
  net::io_context io;
  UnixKeyStore store(io);
  SocketPair pair(io);
  Stream stream(std::move(pair.ours), continuing(Role::server));
  net::cancellation_signal signal;
  std::optional<error_code> result;
  run_until(io, [&] { return store.link->ready(); });
  stream.async_handshake(*store.link,
                         net::bind_cancellation_slot(signal.slot(), [&](error_code ec) { result = ec; }));
  net::write(pair.theirs, net::buffer("\x16\x03\x01\x01", 4));
  run_until(io, [&] { return store.end.in_flight() == 1; });
  signal.emit(net::cancellation_type::terminal);
  run_until(io, [&] { return result.has_value(); });
  EXPECT_EQ(result, error_code(net::error::operation_aborted));
  run_until(io, [&] { return store.end.in_flight() == 0; });
  EXPECT_EQ(outcomes(store.end), std::vector{OffloadOutcome::cancelled});
}

#endif

}  // namespace baton::test::BATON_ASIO_FLAVOUR
