// What the sanitizers are told when the stack changes. Nothing in a release. Private to fiber.cc.
#pragma once

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BATON_FIBER_ASAN
#endif
#if __has_feature(thread_sanitizer)
#define BATON_FIBER_TSAN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(BATON_FIBER_ASAN)
#define BATON_FIBER_ASAN
#endif
#if defined(__SANITIZE_THREAD__) && !defined(BATON_FIBER_TSAN)
#define BATON_FIBER_TSAN
#endif

#if defined(BATON_FIBER_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(BATON_FIBER_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace baton::handshake {

#if defined(BATON_FIBER_ASAN)

class FiberSanitizers {
 public:
  void resume(const void* stack, std::size_t size) {
    __sanitizer_start_switch_fiber(&caller_fake_, stack, size);
  }
  void resumed() { __sanitizer_finish_switch_fiber(caller_fake_, nullptr, nullptr); }
  void entered() { __sanitizer_finish_switch_fiber(nullptr, &caller_stack_, &caller_size_); }
  void leave() { __sanitizer_start_switch_fiber(&own_fake_, caller_stack_, caller_size_); }
  void leave_for_good() { __sanitizer_start_switch_fiber(nullptr, caller_stack_, caller_size_); }
  void entered_again() { __sanitizer_finish_switch_fiber(own_fake_, &caller_stack_, &caller_size_); }

 private:
  void* caller_fake_ = nullptr;
  void* own_fake_ = nullptr;
  const void* caller_stack_ = nullptr;
  std::size_t caller_size_ = 0;
};

#elif defined(BATON_FIBER_TSAN)

class FiberSanitizers {
 public:
  FiberSanitizers() : own_(__tsan_create_fiber(0)) {}
  FiberSanitizers(const FiberSanitizers&) = delete;
  FiberSanitizers& operator=(const FiberSanitizers&) = delete;
  ~FiberSanitizers() { __tsan_destroy_fiber(own_); }

  void resume(const void* /*stack*/, std::size_t /*size*/) {
    caller_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(own_, 0);
  }
  void resumed() {}
  void entered() {}
  void leave() { __tsan_switch_to_fiber(caller_, 0); }
  void leave_for_good() { leave(); }
  void entered_again() {}

 private:
  void* own_;
  void* caller_ = nullptr;
};

#else

class FiberSanitizers {
 public:
  void resume(const void* /*stack*/, std::size_t /*size*/) {}
  void resumed() {}
  void entered() {}
  void leave() {}
  void leave_for_good() {}
  void entered_again() {}
};

#endif

}  // namespace baton::handshake
