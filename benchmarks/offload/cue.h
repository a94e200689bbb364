// How a helper lets the driver read the CPU time of the measured programs before it begins.
#pragma once

#include <cstdio>

namespace baton::bench {

// Writes "ready" to standard output, and waits for a line on standard input.
inline void wait_for_cue() {
  std::puts("ready");
  std::fflush(stdout);
  for (int c = std::getchar(); c != '\n' && c != EOF;) c = std::getchar();
}

}  // namespace baton::bench
