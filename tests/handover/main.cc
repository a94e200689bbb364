// Runs the tests in a process as the programs' are: one in which OpenSSL wipes what it frees, from its first
// allocation on. memory_test.cc would find what is freed otherwise.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "crypto/library.h"

namespace {

void print(const std::string& line) {
  static_cast<void>(std::fputs((line + "\n").c_str(), stderr));
}

// An abort, for example the nonce recorder's, leaves no other trace of the test that was running.
void tell_where(int /*signal*/) {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  if (test == nullptr) return;
  print(std::string("aborted in ") + test->test_suite_name() + "." + test->name());
  for (int i = 0; i < test->result()->test_property_count(); ++i) {
    const testing::TestProperty& property = test->result()->GetTestProperty(i);
    print(std::string(property.key()) + " " + property.value());
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (auto started = baton::crypto::start_library(); !started) {
    print(started.error().message);
    return 1;
  }
  static_cast<void>(std::signal(SIGABRT, tell_where));
  testing::InitGoogleTest(&count, arguments);
  return RUN_ALL_TESTS();
}
