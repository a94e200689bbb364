// Connections that await the client's Finished, made without a handshake.
#pragma once

#include "crypto/nonce_recorder.h"
#include "support/states.h"
#include "tls/finished_reader.h"

namespace baton::test {

// A server's connection, and what an honest client has.
struct AwaitingPair {
  tls::ConnectionState server;
  tls::ConnectionState client;  // established: the client's side is, once its Finished is written
  tls::KeyingMaterial handshake_secret;
  tls::KeyingMaterial verify_data;

  tls::RecordProtection handshake_writer() const {
    auto writer = tls::RecordProtection::create(*client.suite, handshake_secret);
    EXPECT_TRUE(writer);
    return std::move(*writer);
  }
  Bytes finished() const {
    const tls::FinishedMessage message = tls::finished_message(verify_data);
    return {message.view().begin(), message.view().end()};
  }
};

// The plaintext of each deferred record; FinishedReader does not look into them.
inline Bytes ticket(std::size_t number) {
  Bytes message = {4, 0, 0, 3, 't', 'k', static_cast<std::uint8_t>('0' + number)};
  return message;
}

inline AwaitingPair make_awaiting(const tls::CipherSuite& suite, std::mt19937_64& random,
                                  std::size_t tickets = 2) {
  StatePair states = make_states(suite, random);
  AwaitingPair pair{std::move(states.server), std::move(states.client),
                    tls::KeyingMaterial(random_bytes(random, suite.keying_size())),
                    tls::KeyingMaterial(random_bytes(random, suite.keying_size()))};
  auto awaited = std::make_unique<tls::AwaitedFinished>();
  awaited->client_handshake_secret = copy_of(pair.handshake_secret);
  awaited->verify_data = copy_of(pair.verify_data);
  auto writer = tls::RecordProtection::create(suite, pair.server.write.keying);
  for (std::size_t i = 0; i < tickets; ++i) {
    seal_record(*writer, i, tls::ContentType::handshake, ticket(i), awaited->deferred_ciphertext);
  }
#ifdef BATON_TEST_HOOKS
  // libssl seals them, at the key store. An alert that takes their place has their nonce, and they are not
  // sent then.
  crypto::forget_recorded_nonces();
#endif
  pair.server.write.sequence = tickets;
  pair.server.awaited = std::move(awaited);
  return pair;
}

}  // namespace baton::test
