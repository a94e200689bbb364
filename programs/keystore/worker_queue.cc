#include "keystore/worker_queue.h"

#include <utility>

namespace baton::keystore {

WorkerQueue::WorkerQueue(unsigned threads, std::size_t application_servers, std::size_t places)
    : places_(places), queues_(application_servers) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

bool WorkerQueue::submit(std::size_t application_server, Work work) {
  const std::lock_guard lock(mutex_);
  std::deque<Work>& queue = queues_[application_server];
  if (queue.size() >= places_) return false;
  if (queue.empty()) turns_.push_back(application_server);
  queue.push_back(std::move(work));
  news_.notify_one();
  return true;
}

void WorkerQueue::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    news_.wait(lock, [this] { return ending_ || !turns_.empty(); });
    if (turns_.empty()) return;
    const std::size_t turn = turns_.front();
    turns_.pop_front();
    std::deque<Work>& queue = queues_[turn];
    Work work = std::move(queue.front());
    queue.pop_front();
    if (!queue.empty()) turns_.push_back(turn);
    lock.unlock();
    std::exchange(work, nullptr)();
    lock.lock();
  }
}

void WorkerQueue::join() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  news_.notify_all();
  for (std::thread& thread : std::exchange(threads_, {})) thread.join();
}

}  // namespace baton::keystore
