#include "handshake/provider/answer.h"

#include <openssl/async.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace baton::provider {
namespace {

constexpr std::chrono::microseconds kBeforeNextPause{200};

}  // namespace

// The descriptor of one wait context. The context closes it, also where the job in it is never resumed, and
// the answer may come later than that.
class Answer::Event {
 public:
  explicit Event(int descriptor) : descriptor_(descriptor) {}

  // That of the context, which gets one when it has none; null when there is none to be had.
  static std::shared_ptr<Event> of(ASYNC_WAIT_CTX* context) {
    OSSL_ASYNC_FD descriptor = -1;
    void* held = nullptr;
    if (ASYNC_WAIT_CTX_get_fd(context, &kKey, &descriptor, &held) == 1) {
      return *static_cast<std::shared_ptr<Event>*>(held);
    }
    descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) return nullptr;
    auto event = std::make_shared<Event>(descriptor);
    auto holder = std::make_unique<std::shared_ptr<Event>>(event);
    if (ASYNC_WAIT_CTX_set_wait_fd(context, &kKey, descriptor, holder.get(), release) != 1) {
      event->close();
      return nullptr;
    }
    static_cast<void>(holder.release());
    return event;
  }

  void signal() {
    const std::lock_guard lock(mutex_);
    if (descriptor_ >= 0) static_cast<void>(eventfd_write(descriptor_, 1));
  }
  void drain() {
    const std::lock_guard lock(mutex_);
    eventfd_t count = 0;
    if (descriptor_ >= 0) static_cast<void>(eventfd_read(descriptor_, &count));
  }

 private:
  static void release(ASYNC_WAIT_CTX* /*context*/, const void* /*key*/, OSSL_ASYNC_FD /*descriptor*/,
                      void* held) {
    const std::unique_ptr<std::shared_ptr<Event>> holder(static_cast<std::shared_ptr<Event>*>(held));
    (*holder)->close();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    ::close(std::exchange(descriptor_, -1));
  }

  static constexpr char kKey = 0;  // its address is ours in a context

  std::mutex mutex_;
  int descriptor_;
};

void Answer::give(std::optional<Value> value) {
  const std::lock_guard lock(mutex_);
  given_ = true;
  value_ = std::move(value);
  if (event_) event_->signal();
  changed_.notify_all();
}

bool Answer::given() {
  const std::lock_guard lock(mutex_);
  return given_;
}

bool Answer::given_within(std::chrono::microseconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return given_; });
}

std::optional<Answer::Value> Answer::wait() {
  if (ASYNC_get_current_job() != nullptr) wait_in_job();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return given_; });
  return std::move(value_);
}

// Returns early where a job cannot be paused. ASYNC_block_pause(3) makes pausing a call that does nothing,
// which looks like a job that is woken too early; so neither may make this a busy loop.
void Answer::wait_in_job() {
  if (given()) return;
  const auto event = Event::of(ASYNC_get_wait_ctx(ASYNC_get_current_job()));
  if (!event) return;
  {
    const std::lock_guard lock(mutex_);
    event_ = event;
    if (given_) event->signal();
  }
  // Once in any case: a descriptor that is in the context of a job, and that its program was never told of by
  // a pause, makes HAProxy crash.
  while (ASYNC_pause_job() == 1 && !given_within(kBeforeNextPause)) {
  }
  event->drain();
}

}  // namespace baton::provider
