// Data through a stream: megabytes in random pieces, gathered buffers, nothing at all.
#pragma once

#include <array>
#include <random>

#include "flavour.h"
#include "support/states.h"

namespace baton::test::BATON_ASIO_FLAVOUR {

// The same pseudorandom bytes at both ends.
inline std::string payload(std::size_t size, std::uint32_t seed) {
  std::minstd_rand random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

inline constexpr std::size_t kMegabytes = std::size_t{4} * 1024 * 1024;

template <class AnyStream>
Task<> send_in_pieces(AnyStream& stream, std::string bytes, std::uint32_t seed) {
  std::minstd_rand random(seed);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const std::size_t most = random() % 4 == 0 ? 200'000 : 2'000;
    const std::size_t size = std::min<std::size_t>(1 + random() % most, bytes.size() - sent);
    // Several buffers, an empty one among them.
    const std::size_t first = random() % (size + 1);
    const std::array<net::const_buffer, 3> buffers = {net::buffer(bytes.data() + sent, first),
                                                      net::const_buffer(),
                                                      net::buffer(bytes.data() + sent + first, size - first)};
    sent += co_await net::async_write(stream, buffers, net::use_awaitable);
  }
}

template <class AnyStream>
Task<> expect_in_pieces(AnyStream& stream, std::string expected, std::uint32_t seed) {
  std::minstd_rand random(seed);
  std::string received(expected.size(), '\0');
  for (std::size_t got = 0; got < received.size();) {
    const std::size_t most = random() % 4 == 0 ? 100'000 : 500;
    const std::size_t size = std::min<std::size_t>(1 + random() % most, received.size() - got);
    const std::size_t first = random() % (size + 1);
    const std::array<net::mutable_buffer, 2> buffers = {
        net::buffer(received.data() + got, first), net::buffer(received.data() + got + first, size - first)};
    got += co_await stream.async_read_some(buffers, net::use_awaitable);
  }
  EXPECT_TRUE(received == expected);
}

inline void megabytes_both_ways(Role our_role, ProtocolVersion version) {
  const auto seed = static_cast<std::uint32_t>(choose_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  Established pair(our_role, version);
  const std::string up = payload(kMegabytes, seed);
  const std::string down = payload(kMegabytes, seed + 1);
  run(pair.io, send_in_pieces(pair.ours, down, seed), expect_in_pieces(pair.theirs, down, seed + 1),
      send_in_pieces(pair.theirs, up, seed + 2), expect_in_pieces(pair.ours, up, seed + 3));
}

BATON_ASIO_TEST(MegabytesBothWaysAsServer) {
  megabytes_both_ways(Role::server, ProtocolVersion::tls13);
}
BATON_ASIO_TEST(MegabytesBothWaysAsClient) {
  megabytes_both_ways(Role::client, ProtocolVersion::tls13);
}
BATON_ASIO_TEST(MegabytesBothWaysAsServerOfTls12) {
  megabytes_both_ways(Role::server, ProtocolVersion::tls12);
}
BATON_ASIO_TEST(MegabytesBothWaysAsClientOfTls12) {
  megabytes_both_ways(Role::client, ProtocolVersion::tls12);
}

// A record costs 22 bytes in TLS 1.3: five of header, one of type, sixteen of tag.
BATON_ASIO_TEST(SmallBuffersShareARecord) {
  Established pair;
  expect_alive(pair.io, pair.ours, pair.theirs);  // the tickets are read
  const std::string line(10, 'x');
  const std::vector<net::const_buffer> buffers(100, net::buffer(line));
  EXPECT_EQ(pair.ours.write_some(buffers), 1000U);
  std::vector<char> wire(5000);
  EXPECT_EQ(pair.theirs.next_layer().read_some(net::buffer(wire)), 1022U);
}

BATON_ASIO_TEST(AWriteSealsNoMoreThanItsShare) {
  Established pair;
  const std::string much = payload(1'000'000, 1);
  const std::array<net::const_buffer, 3> buffers = {net::buffer(much.data(), 10),
                                                    net::buffer(much.data() + 10, 500'000),
                                                    net::buffer(much.data() + 500'010, 400'000)};
  Outcome outcome;
  pair.ours.async_write_some(buffers, [&](error_code ec, std::size_t count) { outcome = {ec, count}; });
  run(pair.io, [](OpensslStream& theirs, std::string expected) -> Task<> {
    EXPECT_TRUE(co_await read_text(theirs, expected.size()) == expected);
  }(pair.theirs, much.substr(0, 65536)));
  EXPECT_FALSE(outcome.ec);
  EXPECT_EQ(outcome.count, 65536U);
}

BATON_ASIO_TEST(NothingIsReadAndWrittenAtOnce) {
  Established pair;
  int calls = 0;
  const auto expect_nothing = [&](error_code ec, std::size_t count) {
    EXPECT_FALSE(ec);
    EXPECT_EQ(count, 0U);
    ++calls;
  };
  pair.ours.async_read_some(net::mutable_buffer(), expect_nothing);
  pair.ours.async_write_some(net::const_buffer(), expect_nothing);
  EXPECT_EQ(calls, 0) << "not inside of the call";
  pair.io.restart();
  pair.io.run();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(pair.ours.read_some(net::mutable_buffer()), 0U);
  EXPECT_EQ(pair.ours.write_some(net::const_buffer()), 0U);
}

// One read takes what has come in several records.
BATON_ASIO_TEST(AReadTakesSeveralRecords) {
  Established pair;
  for (int i = 0; i < 10; ++i) net::write(pair.theirs, net::buffer("0123456789", 10));
  std::string text(1000, '\0');
  std::size_t total = pair.ours.read_some(net::buffer(text, 1));
  Outcome outcome;
  pair.ours.async_read_some(net::buffer(text), [&](error_code ec, std::size_t count) {
    outcome = {ec, count};
  });
  pair.io.restart();
  pair.io.run();
  EXPECT_FALSE(outcome.ec) << outcome.ec.message();
  EXPECT_EQ(total + outcome.count, 100U);
}

// TLS in TLS: a stream is a next layer like any other.
BATON_ASIO_TEST(AStreamRunsOnAStream) {
  Established outer;
  net::ssl::context context = openssl_context(Role::server, ProtocolVersion::tls13);
  baton::asio::stream<Stream> ours(std::move(outer.ours), our_config(Role::server));
  net::ssl::stream<OpensslStream&> theirs(outer.theirs, context);
  run(outer.io, ours.async_handshake(net::use_awaitable),
      theirs.async_handshake(net::ssl::stream_base::client, net::use_awaitable));
  expect_alive(outer.io, ours, theirs);
  EXPECT_TRUE(ours.lowest_layer().is_open());
}

}  // namespace baton::test::BATON_ASIO_FLAVOUR
