// Who waits for an answer: threads, and OpenSSL's async jobs.
#include "handshake/provider/answer.h"

#include <gtest/gtest.h>
#include <openssl/async.h>
#include <poll.h>

#include <atomic>
#include <ctime>
#include <thread>

namespace baton::provider {
namespace {

const Bytes kValue = {1, 2, 3};

TEST(Answer, AThreadWaits) {
  Answer answer;
  std::thread giver([&answer] { answer.give(Result<Bytes>(kValue)); });
  const auto value = answer.wait();
  giver.join();
  ASSERT_TRUE(value && *value);
  EXPECT_EQ(**value, kValue);
}

TEST(Answer, ThereMayBeNone) {
  Answer answer;
  answer.give(std::nullopt);
  EXPECT_FALSE(answer.wait());
}

// A job of OpenSSL that waits for one answer after the other.
class Job : public testing::Test {
 protected:
  ~Job() override {
    ASYNC_WAIT_CTX_free(context_);
    ASYNC_cleanup_thread();
  }

  // What ASYNC_start_job() says.
  int run(int answers) {
    Body body{this, answers};
    int result = 0;
    return ASYNC_start_job(&job_, context_, &result, &Job::enter, &body, sizeof body);
  }
  bool is_readable() const {
    pollfd poll_for{descriptor(), POLLIN, 0};
    return poll(&poll_for, 1, 0) == 1;
  }
  int descriptor() const {
    int descriptor = -1;
    std::size_t count = 0;
    if (ASYNC_WAIT_CTX_get_all_fds(context_, nullptr, &count) != 1 || count != 1) return -1;
    return ASYNC_WAIT_CTX_get_all_fds(context_, &descriptor, &count) == 1 ? descriptor : -1;
  }
  void give() { answer_->give(Result<Bytes>(kValue)); }

  ASYNC_WAIT_CTX* context_ = ASYNC_WAIT_CTX_new();
  ASYNC_JOB* job_ = nullptr;
  std::shared_ptr<Answer> answer_ = std::make_shared<Answer>();
  unsigned received_ = 0;
  bool blocks_pause_ = false;

 private:
  struct Body {
    Job* test;
    int answers;
  };
  static int enter(void* raw) {
    const Body body = *static_cast<Body*>(raw);
    if (body.test->blocks_pause_) ASYNC_block_pause();
    for (int i = 0; i < body.answers; ++i) {
      const auto answer = body.test->answer_;
      const auto value = answer->wait();
      if (value && *value && **value == kValue) ++body.test->received_;
      body.test->answer_ = std::make_shared<Answer>();
    }
    if (body.test->blocks_pause_) ASYNC_unblock_pause();
    return 1;
  }
};

TEST_F(Job, IsPausedUntilTheAnswerIsThere) {
  ASSERT_EQ(run(1), ASYNC_PAUSE);
  EXPECT_FALSE(is_readable());
  EXPECT_EQ(run(1), ASYNC_PAUSE) << "woken too early it pauses again";
  std::thread([this] { give(); }).join();
  EXPECT_TRUE(is_readable());
  EXPECT_EQ(run(1), ASYNC_FINISH);
  EXPECT_EQ(received_, 1U);
}

TEST_F(Job, OneDescriptorForAllItsAnswers) {
  ASSERT_EQ(run(2), ASYNC_PAUSE);
  const int first = descriptor();
  give();
  ASSERT_EQ(run(2), ASYNC_PAUSE);
  EXPECT_EQ(descriptor(), first);
  EXPECT_FALSE(is_readable()) << "the first answer was taken";
  give();
  EXPECT_TRUE(is_readable());
  EXPECT_EQ(run(2), ASYNC_FINISH);
  EXPECT_EQ(received_, 2U);
}

TEST_F(Job, AnAnswerThatIsThereAlready) {
  give();
  EXPECT_EQ(run(1), ASYNC_FINISH);
  EXPECT_EQ(received_, 1U);
  EXPECT_EQ(descriptor(), -1) << "nobody was told of it";
}

// HAProxy learns of descriptors by pauses only, and ends when a job has left others behind.
TEST_F(Job, NoDescriptorWithoutAPause) {
  for (int i = 0; i < 2000; ++i) {
    std::thread giver([this] { give(); });
    for (int spins = 0; spins < i; ++spins) std::atomic_signal_fence(std::memory_order_seq_cst);
    const int first = run(1);
    giver.join();
    ASSERT_EQ(first == ASYNC_PAUSE, descriptor() != -1) << "attempt " << i;
    while (job_ != nullptr) run(1);
    ASYNC_WAIT_CTX_free(context_);
    context_ = ASYNC_WAIT_CTX_new();
  }
}

// A client that leaves: its connection is freed with its job in it, and the answer comes later.
TEST_F(Job, MayNeverGoOn) {
  ASSERT_EQ(run(1), ASYNC_PAUSE);
  const int closed = descriptor();
  ASYNC_WAIT_CTX_free(context_);
  context_ = nullptr;
  pollfd poll_for{closed, POLLIN, 0};
  ASSERT_EQ(poll(&poll_for, 1, 0), 1);
  EXPECT_EQ(poll_for.revents, POLLNVAL);
  give();  // writes to nobody else's descriptor, and touches nothing that is freed
  // OpenSSL frees no job before its end, and one without its context cannot go on.
  [[maybe_unused]] static ASYNC_JOB* volatile left_behind = nullptr;
  left_behind = job_;
}

std::chrono::nanoseconds cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TEST_F(Job, ThatMayNotBePausedWaitsInItsThread) {
  blocks_pause_ = true;
  std::thread giver([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    give();
  });
  const auto before = cpu_time();
  EXPECT_EQ(run(1), ASYNC_FINISH);
  EXPECT_LT(cpu_time() - before, std::chrono::milliseconds(150)) << "it must not spin";
  giver.join();
  EXPECT_EQ(received_, 1U);
}

}  // namespace
}  // namespace baton::provider
