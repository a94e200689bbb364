// Runs something on a thread with little stack: a program's threads have what the program gave them.
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>

namespace baton::test {

// `stack`: bytes. Sanitizers need more.
inline void run_on_stack(std::size_t stack, std::function<void()> work) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  stack *= 8;
#endif
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, stack), 0);
  pthread_t thread{};
  const auto run = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &work), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

}  // namespace baton::test
