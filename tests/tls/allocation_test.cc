// In a steady state, records cost no allocation; at rest, a connection holds no buffer.
#include <malloc.h>

#include <cstdlib>
#include <new>

#include "support/states.h"

namespace {
thread_local std::size_t allocations = 0;
thread_local std::size_t held = 0;  // bytes
}  // namespace

// All of this program's. The nonce recorder, which must remember every nonce, does not come by here.
void* operator new(std::size_t size) {
  ++allocations;
  void* const memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  held += malloc_usable_size(memory);
  return memory;
}
void operator delete(void* memory) noexcept {
  held -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  operator delete(memory);
}

namespace baton::tls {
namespace {

class AllocationTest : public test::SeededTest, public testing::WithParamInterface<const CipherSuite*> {
 protected:
  // One record each way, read at once.
  static void exchange(Connection& a, Connection& b, ByteView plaintext) {
    for (auto [from, to] : {std::pair(&a, &b), std::pair(&b, &a)}) {
      if (!from->write(plaintext)) std::abort();
      const ByteView wire = from->output();
      std::ranges::copy(wire, to->receive_space(wire.size()).begin());
      to->received(wire.size());
      from->output_sent(wire.size());
      for (;;) {
        const Event event = to->next();
        const auto* data = std::get_if<ApplicationData>(&event);
        if (data == nullptr) break;
        to->consume(data->bytes.size());
      }
    }
  }
};

TEST_P(AllocationTest, RecordsCostNone) {
  auto [server, client] = test::make_pair(*GetParam(), random_);
  for (const std::size_t size : {1UL, 100UL, 1024UL, 16384UL, 60'000UL}) {
    const Bytes plaintext(size, 'p');
    for (int warm_up = 0; warm_up < 3; ++warm_up) exchange(server, client, plaintext);
    const std::size_t before = allocations;
    for (int round = 0; round < 100; ++round) exchange(server, client, plaintext);
    EXPECT_EQ(allocations, before) << size << " bytes";
  }
}

TEST_P(AllocationTest, AtRestAConnectionHoldsNoBuffer) {
  constexpr std::size_t kPairs = 20;  // more than the pool of a thread keeps blocks
  std::vector<test::ConnectionPair> pairs;
  pairs.reserve(kPairs);
  while (pairs.size() < kPairs) pairs.push_back(test::make_pair(*GetParam(), random_));
  const auto exchange_and_rest = [](test::ConnectionPair& pair, ByteView plaintext) {
    exchange(pair.server, pair.client, plaintext);
    // The readings filled their room; this says that nothing more came.
    pair.server.received(0);
    pair.client.received(0);
  };
  for (auto& pair : pairs) exchange_and_rest(pair, Bytes(1, 'p'));  // the nonce recorder knows each key now
  const Bytes large(10'000, 'p');
  exchange_and_rest(pairs[0], large);  // fills the pool
  const std::size_t before = held;
  for (auto& pair : pairs) exchange_and_rest(pair, large);
  EXPECT_EQ(held, before);
}

TEST_P(AllocationTest, WhatWasInFlightIsGivenBackToo) {
  ConnectionState state = test::make_states(*GetParam(), random_).server;
  state.unread_plaintext.assign(5000, 'p');
  state.unread_ciphertext.assign(3, 23);
  state.unsent_ciphertext.assign(3000, 'c');
  auto connection = Connection::from_state(std::move(state));
  ASSERT_TRUE(connection);
  EXPECT_EQ(connection->state().unread_plaintext.capacity(), 0U) << "R6: plaintext would outlive its use";
  EXPECT_EQ(connection->state().unread_ciphertext.capacity(), 0U);
  EXPECT_EQ(connection->state().unsent_ciphertext.capacity(), 0U);
}

TEST_P(AllocationTest, TheCounterCounts) {
  const std::size_t before = allocations;
  auto pair = test::make_pair(*GetParam(), random_);
  EXPECT_GT(allocations, before);
}

INSTANTIATE_TEST_SUITE_P(EachSuite, AllocationTest,
                         testing::Values(find_cipher_suite(0x1301), find_cipher_suite(0x1302),
                                         find_cipher_suite(0x1303), find_cipher_suite(0xC02F)),
                         [](const auto& parameter) { return std::string(parameter.param->name); });

}  // namespace
}  // namespace baton::tls
