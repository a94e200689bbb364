#include "common/counters.h"

#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "common/log.h"
#include "programs/temporary_folder.h"

namespace baton::programs {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Counters, CountsByName) {
  Counters counters;
  Counter& failed = counters.get("handshakes_failed");
  failed.add();
  failed.add(2);
  counters.get("bytes").add(7);
  EXPECT_EQ(&counters.get("handshakes_failed"), &failed);
  EXPECT_THAT(counters.snapshot(), ElementsAre(Pair("bytes", 7), Pair("handshakes_failed", 3)));
}

TEST(Counters, MakesNamesThatALogCanCarry) {
  Counters counters;
  counters.get("No shared\ncipher=1").add();
  counters.get("").add();
  EXPECT_THAT(counters.snapshot(), ElementsAre(Pair("_o_shared_cipher_1", 1), Pair("other", 1)));
}

TEST(Counters, HasAtMostSoManyNames) {
  Counters counters;
  const std::size_t names = 2 * Counters::kMaxCounters;
  for (std::size_t i = 0; i < names; ++i) counters.get("reason_" + std::to_string(i)).add();
  EXPECT_EQ(counters.snapshot().size(), Counters::kMaxCounters);
  EXPECT_EQ(counters.get("other").value(), names - (Counters::kMaxCounters - 1));
}

TEST(Counters, LosesNothingAmongThreads) {
  Counters counters;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&counters] {
        for (int j = 0; j < 10'000; ++j) counters.get(j % 2 == 0 ? "even" : "odd").add();
      });
    }
  }
  EXPECT_THAT(counters.snapshot(), ElementsAre(Pair("even", 20'000), Pair("odd", 20'000)));
}

TEST(Counters, LogsOneEvent) {
  const test::TemporaryFolder folder;
  ASSERT_TRUE(start_log({LogLevel::info, LogFormat::logfmt, folder.path() / "log"}, "baton-test"));
  Counters counters;
  counters.get("links").add(2);
  counters.get("handshakes").add();
  counters.log();
  std::ifstream file(folder.path() / "log");
  std::string line;
  std::getline(file, line);
  EXPECT_THAT(line, testing::EndsWith(" event=counters handshakes=1 links=2"));
  ASSERT_TRUE(start_log({}, "baton-test"));
}

}  // namespace
}  // namespace baton::programs
