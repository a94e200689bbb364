/* The C interface, used by a C11 program. `test_capi NAME` runs one test. */
#include <stdio.h>
#include <string.h>

#include "tests.h"

#define RUN_IF_NAMED(name)           \
  if (strcmp(argv[1], #name) == 0) { \
    test_##name();                   \
    return 0;                        \
  }

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s TEST\n", argv[0]);
    return 2;
  }
  ALL_TESTS(RUN_IF_NAMED)
  fprintf(stderr, "no test is called %s\n", argv[1]);
  return 2;
}
