// Steps that run on worker threads, and selectors that answer later.

#include <gtest/gtest.h>

#include <thread>

#include "offload/service_pair.h"

namespace baton::offload::test {
namespace {

using std::chrono::milliseconds;

void run_on_a_thread(PendingStep step) {
  std::thread([step]() mutable { step.run(); }).join();
}

TEST(Worker, ASlowStepIsHandedOutAndComesBack) {
  ServicePair pair;
  const HandshakeId id = pair.open("es");
  EXPECT_EQ(pair.server_text(), "E");
  auto step = pair.service.take_pending();
  ASSERT_TRUE(step);
  EXPECT_FALSE(pair.service.take_pending());
  // What comes meanwhile waits, in order.
  ASSERT_TRUE(pair.send(id, "e"));
  ASSERT_TRUE(pair.send(id, "nc"));
  EXPECT_EQ(pair.server_text(), "");
  run_on_a_thread(*step);
  pair.now += milliseconds(4);
  pair.service.finish(*step, pair.now);
  ASSERT_TRUE(pair.pump());
  EXPECT_EQ(pair.server_text(), "SEC");
  ASSERT_TRUE(pair.handoff);
  EXPECT_EQ(pair.handoff->body.consumed, 5U);
  EXPECT_EQ(pair.log().back().pending, milliseconds(4));
}

TEST(Worker, TheLoopGoesOnMeanwhile) {
  ServicePair pair;
  pair.open("s");
  auto step = pair.service.take_pending();
  ASSERT_TRUE(step);
  const HandshakeId other = pair.open("e");
  ASSERT_TRUE(pair.send(other, "c"));
  EXPECT_EQ(pair.service.counts().handed_off, 1U);
  pair.service.finish(*step, pair.now);
}

TEST(Worker, SeveralSlowStepsInOneHandshake) {
  ServicePair pair;
  pair.open("ssc");
  for (int count = 0; count < 2; ++count) {
    auto step = pair.service.take_pending();
    ASSERT_TRUE(step);
    run_on_a_thread(*step);
    pair.service.finish(*step, pair.now);
  }
  ASSERT_TRUE(pair.pump());
  EXPECT_EQ(pair.server_text(), "SSC");
}

TEST(Worker, CancelWhileAwayOnlyMarks) {
  ServicePair pair;
  const HandshakeId id = pair.open("s");
  auto step = pair.service.take_pending();
  ASSERT_TRUE(step);
  pair.client.cancel(id, CancelReason::client_gone);
  ASSERT_TRUE(pair.pump());
  EXPECT_EQ(pair.endpoint->alive, 1) << "the worker may be inside it";
  EXPECT_EQ(pair.service.held(), 1U);
  run_on_a_thread(*step);
  pair.service.finish(*step, pair.now);
  EXPECT_TRUE(pair.is_empty());
  EXPECT_TRUE(pair.service.output().empty());
}

TEST(Worker, CancelBeforeItWasTakenFreesAtOnce) {
  ServicePair pair;
  const HandshakeId id = pair.open("s");
  pair.client.cancel(id, CancelReason::client_gone);
  ASSERT_TRUE(pair.pump());
  EXPECT_TRUE(pair.is_empty());
  EXPECT_FALSE(pair.service.take_pending());
}

TEST(Worker, DeadlineWhileAway) {
  ServicePair pair({}, {milliseconds(10), milliseconds(10)});
  pair.open("s");
  auto step = pair.service.take_pending();
  ASSERT_TRUE(step);
  pair.now += milliseconds(10);
  pair.service.expire(pair.now);
  ASSERT_TRUE(pair.pump());
  pair.server_text();
  ASSERT_TRUE(pair.failed);
  EXPECT_EQ(pair.failed->body.reason, FailureReason::deadline);
  EXPECT_EQ(pair.log().back().pending, milliseconds(10));
  step->run();
  pair.service.finish(*step, pair.now);
  EXPECT_TRUE(pair.is_empty());
}

TEST(Worker, AStepThatWasNotRunIsOverload) {
  ServicePair pair;
  pair.open("s");
  auto step = pair.service.take_pending();
  ASSERT_TRUE(step);
  pair.service.finish(*step, pair.now);
  ASSERT_TRUE(pair.pump());
  pair.server_text();
  ASSERT_TRUE(pair.failed);
  EXPECT_EQ(pair.failed->body.reason, FailureReason::overloaded);
  EXPECT_TRUE(pair.is_empty());
}

// R9: opening and cancelling may not pile up work.
TEST(Worker, CancelledStepsCountAsInFlight) {
  LinkLimits two;
  two.max_in_flight = 2;
  ServicePair pair(two);
  std::vector<PendingStep> steps;
  for (int count = 0; count < 2; ++count) {
    const HandshakeId id = pair.open("s");
    steps.push_back(*pair.service.take_pending());
    pair.client.cancel(id, CancelReason::client_gone);
    ASSERT_TRUE(pair.pump());
  }
  pair.open("s");
  pair.server_text();
  ASSERT_TRUE(pair.failed);
  EXPECT_EQ(pair.failed->body.reason, FailureReason::overloaded);
  EXPECT_FALSE(pair.service.take_pending());
  for (const PendingStep& step : steps) pair.service.finish(step, pair.now);
  pair.open("e");
  EXPECT_EQ(pair.server_text(), "E");
}

TEST(Worker, AStepComesBackOnce) {
  ServicePair pair;
  pair.open("sn");
  auto step = pair.service.take_pending();
  ASSERT_TRUE(step);
  step->run();
  pair.service.finish(*step, pair.now);
  pair.service.finish(*step, pair.now);
  EXPECT_EQ(pair.service.held(), 1U);
  EXPECT_EQ(pair.service.counts().failed, 0U);
}

TEST(Worker, AStepOutlivesItsService) {
  std::optional<PendingStep> step;
  auto endpoint = std::make_shared<FakeEndpoint>();
  {
    ServicePair pair;
    pair.open("s");
    step = pair.service.take_pending();
    endpoint = pair.endpoint;
    ASSERT_TRUE(step);
  }
  EXPECT_EQ(endpoint->alive, 1);
  run_on_a_thread(*step);
  step.reset();
  EXPECT_EQ(endpoint->alive, 0);
}

TEST(Worker, TheSelectorIsAskedAgain) {
  ServicePair pair;
  const HandshakeId id = pair.open("et");
  EXPECT_EQ(pair.server_text(), "E");
  ASSERT_TRUE(pair.send(id, "ec"));
  pair.service.resume_tenants(pair.now);
  ASSERT_TRUE(pair.pump());
  EXPECT_EQ(pair.server_text(), "") << "it still answers SelectLater";
  pair.now += milliseconds(7);
  pair.tenants_are_there = true;
  pair.service.resume_tenants(pair.now);
  ASSERT_TRUE(pair.pump());
  EXPECT_EQ(pair.server_text(), "TEC");
  EXPECT_EQ(pair.log().back().pending, milliseconds(7));
}

TEST(Worker, ManyStepsOnManyThreads) {
  ServicePair pair;
  constexpr int kCount = 200;
  for (int count = 0; count < kCount; ++count) pair.open("sc");
  std::vector<PendingStep> steps;
  while (auto step = pair.service.take_pending()) steps.push_back(*step);
  ASSERT_EQ(steps.size(), std::size_t{kCount});
  std::vector<std::thread> workers;
  for (std::size_t first = 0; first < 4; ++first) {
    workers.emplace_back([&steps, first] {
      for (std::size_t index = first; index < steps.size(); index += 4) steps[index].run();
    });
  }
  // Meanwhile the loop cancels every other one.
  for (std::uint32_t id = 1; id <= kCount; id += 2) {
    pair.client.cancel(static_cast<HandshakeId>(id), CancelReason::timeout);
    pair.pump();
  }
  for (std::thread& worker : workers) worker.join();
  for (const PendingStep& step : steps) pair.service.finish(step, pair.now);
  ASSERT_TRUE(pair.pump());
  EXPECT_EQ(pair.service.counts().handed_off, std::uint64_t{kCount / 2});
  EXPECT_EQ(pair.service.held(), std::size_t{kCount / 2});
  EXPECT_EQ(pair.endpoint->alive, 0);
}

}  // namespace
}  // namespace baton::offload::test
