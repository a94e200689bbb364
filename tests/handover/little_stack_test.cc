// What include/baton/handshake.h asks for is enough, with keys of each kind.
#include "little_stack.h"

#include "baton_pair.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

class LittleStack : public RoleAndSuiteTest {};

INSTANTIATE_TEST_SUITE_P(EverySuite, LittleStack, testing::ValuesIn(every_suite_as(Role::server)),
                         name_of_role_and_suite);

TEST_P(LittleStack, BothEndsOfAHandshake) {
  std::optional<BatonPair> pair;
  run_on_stack(std::size_t{128} * 1024, [&] { pair.emplace(make_baton_pair(suite())); });
  ASSERT_TRUE(pair);
  expect_data_passes(pair->server, pair->client);
}

}  // namespace
}  // namespace baton::test
