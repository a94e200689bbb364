// R6: a connection that was handed over holds no secret any more.
#include <algorithm>
#include <new>

#include "support/transfer.h"
#include "tls/connection.h"

namespace baton::tls {
namespace {

class WipingTest : public test::SeededTest {};

TEST_F(WipingTest, IntoStateLeavesNoSecretBehind) {
  auto states = test::make_states(*find_cipher_suite(0x1301), random_);
  const Bytes read_secret(states.server.read.keying.view().begin(), states.server.read.keying.view().end());
  const Bytes write_secret(states.server.write.keying.view().begin(),
                           states.server.write.keying.view().end());

  // The connection stands in memory that the test can search while the emptied object is still alive.
  alignas(Connection) std::array<std::uint8_t, sizeof(Connection)> memory{};
  auto* connection = new (memory.data()) Connection(test::connect(std::move(states.server)));
  const auto holds = [&memory](ByteView secret) {
    Bytes copy;
    for (const volatile std::uint8_t& byte : memory) copy.push_back(std::uint8_t{byte});
    return !std::ranges::search(copy, secret).empty();
  };
  EXPECT_TRUE(holds(read_secret)) << "the search itself must work";
  {
    auto state = std::move(*connection).into_state();
    ASSERT_TRUE(state);
    EXPECT_TRUE(std::ranges::equal(state->write.keying.view(), write_secret));
  }
  EXPECT_FALSE(holds(read_secret));
  EXPECT_FALSE(holds(write_secret));
  connection->~Connection();
}

}  // namespace
}  // namespace baton::tls
