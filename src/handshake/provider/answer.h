// An answer that one thread waits for and another one brings.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "base/bytes.h"
#include "base/error.h"

namespace baton::provider {

class Answer {
 public:
  using Value = Result<Bytes>;

  // Once, from any thread. nullopt: there will be none, and the question may be put again.
  void give(std::optional<Value> value);

  // Returns what was given. Where the caller runs inside of an async job (ASYNC_start_job(3)), the job is
  // paused until then and its wait context has a descriptor to poll; otherwise its thread waits.
  std::optional<Value> wait();

 private:
  class Event;

  bool given();
  bool given_within(std::chrono::microseconds time);
  void wait_in_job();

  std::mutex mutex_;
  std::condition_variable changed_;
  bool given_ = false;
  std::optional<Value> value_;
  std::shared_ptr<Event> event_;  // of a paused job
};

}  // namespace baton::provider
