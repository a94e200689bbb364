// What the tests of both Asios share. The cases are written once, in *_cases.h, and compiled for each.
#pragma once

#include "baton/asio/stream.h"

#ifdef BATON_ASIO_BOOST
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#define BATON_ASIO_TEST(name) TEST(BoostAsio, name)
#else
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <asio/write.hpp>
#define BATON_ASIO_TEST(name) TEST(StandaloneAsio, name)
#endif

#include "handover/settings.h"

namespace baton::test::BATON_ASIO_FLAVOUR {

namespace net = baton::asio::net;
using baton::asio::error_code;
using net::ip::tcp;
using Stream = baton::asio::stream<tcp::socket>;
using OpensslStream = net::ssl::stream<tcp::socket>;

template <class T = void>
using Task = net::awaitable<T>;

struct Outcome {
  error_code ec;
  std::size_t count = 0;
};

// Two ends of a connection on this machine.
struct SocketPair {
  explicit SocketPair(net::io_context& io) : ours(io), theirs(io) {
    tcp::acceptor acceptor(io, {net::ip::address_v4::loopback(), 0});
    theirs.connect(acceptor.local_endpoint());
    acceptor.accept(ours);
    ours.set_option(tcp::no_delay(true));
    theirs.set_option(tcp::no_delay(true));
  }
  tcp::socket ours;
  tcp::socket theirs;
};

// Runs until all tasks have ended.
template <class... Tasks>
void run(net::io_context& io, Tasks... tasks) {
  const auto rethrow = [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  };
  (net::co_spawn(io, std::move(tasks), rethrow), ...);
  io.restart();
  io.run();
}

// For a stock OpenSSL peer of ours.
inline net::ssl::context openssl_context(Role our_role, ProtocolVersion version) {
  net::ssl::context context(net::ssl::context::tls);
  const int number = static_cast<int>(version);
  SSL_CTX_set_min_proto_version(context.native_handle(), number);
  SSL_CTX_set_max_proto_version(context.native_handle(), number);
  if (our_role == Role::client) {
    const TestCertificate& certificate = certificate_for_name(KeyType::p256);
    context.use_certificate_chain(net::buffer(certificate.chain_pem));
    context.use_private_key(net::buffer(certificate.key_pem), net::ssl::context::pem);
  } else {
    context.set_verify_mode(net::ssl::verify_peer);
    context.add_certificate_authority(net::buffer(test_ca().pem()));
  }
  return context;
}

inline Config our_config(Role role) {
  if (role == Role::client) {
    ClientSettings settings;
    settings.server_name = kName;
    settings.ca_pem = test_ca().pem();
    return serializable(Config::client(std::move(settings)));
  }
  ServerSettings settings;
  settings.credentials.push_back(credential(certificate_for_name(KeyType::p256)));
  return serializable(Config::server(std::move(settings)));
}

inline net::ssl::stream_base::handshake_type openssl_side(Role our_role) {
  return our_role == Role::client ? net::ssl::stream_base::server : net::ssl::stream_base::client;
}

// A stream of ours and a stock OpenSSL peer, established.
struct Established {
  explicit Established(Role our_role = Role::server, ProtocolVersion version = ProtocolVersion::tls13)
      : context(openssl_context(our_role, version)),
        ours(std::move(sockets.ours), our_config(our_role)),
        theirs(std::move(sockets.theirs), context) {
    // The macro for it holds a C cast.
    SSL_ctrl(theirs.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(kName));
    run(io, ours.async_handshake(net::use_awaitable),
        theirs.async_handshake(openssl_side(our_role), net::use_awaitable));
    EXPECT_NE(ours.connection(), nullptr);
  }

  net::io_context io;
  SocketPair sockets{io};
  net::ssl::context context;
  Stream ours;
  OpensslStream theirs;
};

template <class AnyStream>
Task<Outcome> read_some(AnyStream& stream, net::mutable_buffer into) {
  Outcome outcome;
  outcome.count = co_await stream.async_read_some(into, net::redirect_error(net::use_awaitable, outcome.ec));
  co_return outcome;
}

template <class AnyStream>
Task<Outcome> write_all(AnyStream& stream, std::string_view text) {
  Outcome outcome;
  outcome.count = co_await net::async_write(stream, net::buffer(text.data(), text.size()),
                                            net::redirect_error(net::use_awaitable, outcome.ec));
  co_return outcome;
}

// Exactly `size` bytes.
template <class AnyStream>
Task<std::string> read_text(AnyStream& stream, std::size_t size) {
  std::string text(size, '\0');
  error_code ec;
  text.resize(
      co_await net::async_read(stream, net::buffer(text), net::redirect_error(net::use_awaitable, ec)));
  EXPECT_FALSE(ec) << ec.message();
  co_return text;
}

// Data passes both ways.
template <class A, class B>
void expect_alive(net::io_context& io, A& a, B& b) {
  run(io, [&]() -> Task<> {
    co_await write_all(a, "there");
    EXPECT_EQ(co_await read_text(b, 5), "there");
    co_await write_all(b, "back");
    EXPECT_EQ(co_await read_text(a, 4), "back");
  }());
}

}  // namespace baton::test::BATON_ASIO_FLAVOUR
