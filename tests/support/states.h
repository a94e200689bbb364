// Connection states with known or random secrets, made without a handshake.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <utility>

#include "tls/connection.h"

namespace baton::test {

inline Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

inline SecretBuffer secret_bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

inline Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// The environment variable BATON_SEED, to repeat a failure; otherwise a fresh one.
inline std::uint64_t choose_seed() {
  const char* given = std::getenv("BATON_SEED");
  return given != nullptr ? std::stoull(given) : std::random_device{}();
}

// A generator whose seed is printed with every failure.
class SeededTest : public testing::Test {
 protected:
  SeededTest() : seed_(choose_seed()), random_(seed_) {}
  void SetUp() override { RecordProperty("seed", std::to_string(seed_)); }
  std::uint64_t seed_;
  std::mt19937_64 random_;
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

inline tls::KeyingMaterial copy_of(const tls::KeyingMaterial& secret) {
  return tls::KeyingMaterial(secret.view());
}

// Appends one record to `wire`.
inline void seal_record(tls::RecordProtection& writer, std::uint64_t sequence, tls::ContentType type,
                        ByteView content, Bytes& wire, std::size_t padding = 0) {
  const std::size_t start = wire.size();
  wire.resize(start + writer.record_size(content.size(), padding));
  ASSERT_TRUE(writer.seal(sequence, sequence, type, content, padding, MutableBytes(wire).subspan(start)));
}

struct StatePair {
  tls::ConnectionState server;
  tls::ConnectionState client;
};

// Both ends of one connection, with fresh random secrets and the sequence numbers given.
inline StatePair make_states(const tls::CipherSuite& suite, std::mt19937_64& random,
                             std::uint64_t to_server = 0, std::uint64_t to_client = 0) {
  StatePair pair;
  const tls::KeyingMaterial client_keying(random_bytes(random, suite.keying_size()));
  const tls::KeyingMaterial server_keying(random_bytes(random, suite.keying_size()));
  pair.server.role = tls::Role::server;
  pair.client.role = tls::Role::client;
  pair.server.suite = pair.client.suite = &suite;
  pair.server.read.keying = copy_of(client_keying);
  pair.client.write.keying = copy_of(client_keying);
  pair.server.write.keying = copy_of(server_keying);
  pair.client.read.keying = copy_of(server_keying);
  pair.server.read.sequence = pair.client.write.sequence = to_server;
  pair.server.write.sequence = pair.client.read.sequence = to_client;
  if (suite.explicit_nonce_size() != 0) {
    pair.server.next_explicit_nonce = random();
    pair.client.next_explicit_nonce = random();
  }
  return pair;
}

inline tls::Connection connect(tls::ConnectionState state, tls::ConnectionOptions options = {}) {
  auto connection = tls::Connection::from_state(std::move(state), options);
  if (!connection) {
    ADD_FAILURE() << connection.error().message;
    std::abort();
  }
  return std::move(*connection);
}

struct ConnectionPair {
  tls::Connection server;
  tls::Connection client;
};

inline ConnectionPair make_pair(const tls::CipherSuite& suite, std::mt19937_64& random,
                                tls::ConnectionOptions options = {}) {
  StatePair states = make_states(suite, random);
  return {connect(std::move(states.server), options), connect(std::move(states.client), options)};
}

// Moves everything that `from` has to say to `to`.
inline void deliver(tls::Connection& from, tls::Connection& to) {
  const std::size_t count = from.output().size();
  to.feed(from.output());
  from.output_sent(count);
}

// Takes all plaintext that is there; the event that ended it is left in `last`.
inline Bytes read_all(tls::Connection& connection, tls::Event* last = nullptr) {
  Bytes plaintext;
  for (;;) {
    tls::Event event = connection.next();
    if (const auto* data = std::get_if<tls::ApplicationData>(&event)) {
      append(plaintext, data->bytes);
      connection.consume(data->bytes.size());
      continue;
    }
    if (last != nullptr) *last = event;
    return plaintext;
  }
}

inline void write(tls::Connection& connection, ByteView plaintext) {
  const auto written = connection.write(plaintext);
  ASSERT_TRUE(written) << written.error().message;
}

// The alert of a connection that has failed by its own judgement.
inline tls::Alert alert_of(const tls::Event& event) {
  const auto* failure = std::get_if<tls::Failure>(&event);
  if (failure == nullptr) {
    ADD_FAILURE() << "no failure";
    return tls::Alert::close_notify;
  }
  return failure->alert;
}

}  // namespace baton::test
