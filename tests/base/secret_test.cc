#include "base/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <type_traits>

namespace baton {
namespace {

using TestSecret = Secret<48>;

static_assert(!std::is_copy_constructible_v<TestSecret>);
static_assert(!std::is_copy_assignable_v<TestSecret>);

const Bytes kPattern(32, 0xA5);

bool holds_pattern(ByteView memory) {
  return !std::ranges::search(memory, ByteView(kPattern).first(8)).empty();
}

// A secret in memory that the test can look at after the secret has gone.
struct Stage {
  alignas(TestSecret) std::array<std::uint8_t, sizeof(TestSecret)> memory{};
  TestSecret* make() { return new (memory.data()) TestSecret(ByteView(kPattern)); }
  // Read through volatile, so that the compiler cannot reason about the lifetime that has ended.
  bool holds_secret() const {
    Bytes copy;
    for (const volatile std::uint8_t& byte : memory) copy.push_back(std::uint8_t{byte});
    return holds_pattern(copy);
  }
};

TEST(Secret, IsWipedWhenDestroyed) {
  Stage stage;
  TestSecret* secret = stage.make();
  ASSERT_TRUE(stage.holds_secret());
  secret->~TestSecret();
  EXPECT_FALSE(stage.holds_secret());
}

TEST(Secret, IsWipedWhenMovedFrom) {
  Stage stage;
  TestSecret* secret = stage.make();
  const TestSecret taken = std::move(*secret);
  EXPECT_TRUE(holds_pattern(taken.view()));
  EXPECT_FALSE(stage.holds_secret());
  EXPECT_TRUE(secret->empty());
  secret->~TestSecret();
}

TEST(Secret, OldValueIsWipedByAssignment) {
  Stage stage;
  TestSecret* secret = stage.make();
  *secret = TestSecret(ByteView(Bytes(4, 1)));
  EXPECT_FALSE(stage.holds_secret());
  EXPECT_EQ(secret->size(), 4u);
  secret->~TestSecret();
}

TEST(SecretDeathTest, RefusesMoreThanItsCapacity) {
  EXPECT_DEATH(TestSecret(std::size_t{49}), "");
}

}  // namespace
}  // namespace baton
