/* Checks that end the program. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baton/baton.h"

#define CHECK(condition) ((condition) ? (void)0 : fail_check(#condition, __FILE__, __LINE__))
#define CHECK_OK(call) CHECK((call) == BATON_OK)
/* The status, and a part of the text. */
#define CHECK_FAILS(call, status, text) \
  (CHECK((call) == (status)), CHECK(strstr(baton_last_error(), (text)) != NULL))
#define CHECK_TEXT(call, text) CHECK(is_text((call), (text)))

_Noreturn static inline void fail_check(const char* condition, const char* file, int line) {
  fprintf(stderr, "%s:%d: %s\n  last error: %s\n", file, line, condition, baton_last_error());
  exit(1);
}

static inline int is_text(const char* have, const char* want) {
  return have != NULL && strcmp(have, want) == 0;
}
