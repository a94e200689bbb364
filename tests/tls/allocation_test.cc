// In a steady state, records cost no allocation; at rest, a connection holds no buffer.
#include <cstdlib>
#include <new>

#include "support/states.h"

namespace {
thread_local std::size_t allocations = 0;
}

// All of this program's. The nonce recorder, which must remember every nonce, does not come by here.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
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
