// The queue in front of the key store's worker threads, and who may wait before having shown who it is.
#include "keystore/worker_queue.h"

#include <gmock/gmock.h>

#include <future>

#include "keystore/admission.h"
#include "keystore/newcomers.h"

namespace baton::keystore {
namespace {

using namespace std::chrono_literals;
using offload::FailureReason;
using testing::ElementsAre;

// A queue of one thread, which is busy until release().
struct BusyQueue {
  explicit BusyQueue(std::size_t places) : queue(1, 2, places) {
    std::promise<void> begun;
    EXPECT_TRUE(queue.submit(0, [this, &begun] {
      begun.set_value();
      gate.get_future().wait();
    }));
    begun.get_future().wait();
  }

  bool submit(std::size_t application_server, int mark) {
    return queue.submit(application_server, [this, mark] { done.push_back(mark); });
  }
  void release() {
    gate.set_value();
    queue.join();
  }

  std::promise<void> gate;
  std::vector<int> done;  // of the worker until join()
  WorkerQueue queue;
};

TEST(WorkerQueue, TakesApplicationServersInTurns) {
  BusyQueue busy(10);
  for (const int mark : {1, 2, 3, 4}) EXPECT_TRUE(busy.submit(0, mark));
  for (const int mark : {11, 12}) EXPECT_TRUE(busy.submit(1, mark));
  busy.release();
  EXPECT_THAT(busy.done, ElementsAre(1, 11, 2, 12, 3, 4));
}

TEST(WorkerQueue, AFullQueueOfOneIsNobodyElses) {
  BusyQueue busy(2);
  EXPECT_TRUE(busy.submit(0, 1));
  EXPECT_TRUE(busy.submit(0, 2));
  EXPECT_FALSE(busy.submit(0, 3));
  EXPECT_TRUE(busy.submit(1, 11));
  busy.release();
  EXPECT_THAT(busy.done, ElementsAre(1, 11, 2));
}

TEST(WorkerQueue, DoesEverythingOnSeveralThreads) {
  std::atomic<int> done = 0;
  WorkerQueue queue(4, 3, 100'000);
  for (std::size_t i = 0; i < 30'000; ++i) ASSERT_TRUE(queue.submit(i % 3, [&done] { ++done; }));
  queue.join();
  EXPECT_EQ(done, 30'000);
}

offload::ClientNetwork network(std::uint8_t mark) {
  return {mark};
}

TEST(Newcomers, OneAddressTakesAQuarterAtTheMost) {
  Newcomers room(8);
  std::vector<Newcomers::Place> places;
  while (auto place = room.enter(network(1))) places.push_back(std::move(*place));
  EXPECT_EQ(places.size(), 2U);
  for (const std::uint8_t mark : std::array<std::uint8_t, 3>{2, 3, 4}) {
    while (auto place = room.enter(network(mark))) places.push_back(std::move(*place));
  }
  EXPECT_EQ(places.size(), 8U);
  EXPECT_FALSE(room.enter(network(5)));
  places.erase(places.begin());
  EXPECT_TRUE(room.enter(network(5)));
  EXPECT_TRUE(room.enter(network(1)));
}

TEST(Newcomers, ThereIsRoomForOneAlways) {
  Newcomers room(1);
  auto place = room.enter(network(1));
  EXPECT_TRUE(place);
  EXPECT_FALSE(room.enter(network(1)));
  place.reset();
  EXPECT_TRUE(room.enter(network(1)));
}

class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() {
    config_.application_servers.resize(2);
    config_.limits.max_handshakes = 8;
  }
  offload::Admitted admit(std::size_t application_server, std::uint8_t client) {
    offload::Open open;
    open.client.ip[0] = client;
    return admission_->admit(application_server, open, now_);
  }
  void start() { admission_.emplace(config_, 7); }

  Config config_;
  offload::TimePoint now_ = offload::TimePoint{} + 1h;
  std::optional<Admission> admission_;
};

TEST_F(AdmissionTest, CountsAnApplicationServersHandshakes) {
  config_.application_servers[0].rate = {2, 1s};
  start();
  EXPECT_TRUE(admit(0, 1));
  EXPECT_TRUE(admit(0, 2));
  const auto refused = admit(0, 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, FailureReason::rate_limited);
  EXPECT_EQ(refused.error().text, "this application server is above application_server.rate");
  EXPECT_TRUE(admit(1, 3));
  now_ += 500ms;
  EXPECT_TRUE(admit(0, 3));
}

TEST_F(AdmissionTest, CountsAClientsHandshakes) {
  config_.limits.client_rate = {1, 1s};
  start();
  EXPECT_TRUE(admit(0, 1));
  const auto refused = admit(0, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, FailureReason::rate_limited);
  EXPECT_EQ(refused.error().text, "this client is above limits.client_rate");
  EXPECT_TRUE(admit(0, 2));
  EXPECT_TRUE(admit(1, 1)) << "who tells a client's address uses up nobody else's rate";
}

TEST_F(AdmissionTest, AClientBeyondItsRateUsesUpNoneOfItsApplicationServers) {
  config_.limits.client_rate = {1, 1s};
  config_.application_servers[0].rate = {3, 1s};
  start();
  for (int i = 0; i < 50; ++i) static_cast<void>(admit(0, 1));
  EXPECT_TRUE(admit(0, 2));
  EXPECT_TRUE(admit(0, 3));
  EXPECT_FALSE(admit(0, 4));
}

TEST_F(AdmissionTest, KeepsAPartOfTheRoomForEach) {
  start();
  std::vector<offload::FairRoom::Place> places;
  for (int i = 0; i < 6; ++i) {
    auto admitted = admit(0, 1);
    ASSERT_TRUE(admitted);
    places.push_back(std::move(*admitted));
  }
  EXPECT_EQ(admit(0, 1).error().reason, FailureReason::overloaded);
  EXPECT_TRUE(admit(1, 1));
}

}  // namespace
}  // namespace baton::keystore
