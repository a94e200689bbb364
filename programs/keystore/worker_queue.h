// Work for threads, queued for each application server by itself and taken in turns, so that the slow
// signatures of one delay nobody else's (R9).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace baton::keystore {

class WorkerQueue {
 public:
  using Work = std::function<void()>;

  // `places`: of each application server's queue.
  WorkerQueue(unsigned threads, std::size_t application_servers, std::size_t places);
  WorkerQueue(const WorkerQueue&) = delete;
  WorkerQueue& operator=(const WorkerQueue&) = delete;
  ~WorkerQueue() { join(); }

  // From any thread. False: the queue of this application server, which counts from 0, is full.
  [[nodiscard]] bool submit(std::size_t application_server, Work work);

  // Does what waits, and ends the threads.
  void join();

 private:
  void run();

  const std::size_t places_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<std::deque<Work>> queues_;
  std::deque<std::size_t> turns_;  // of the queues that hold something
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace baton::keystore
