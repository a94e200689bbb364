// A measurement whose set-up fails, or whose bytes come out wrong, is worth nothing.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/error.h"

namespace baton::bench {

inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "bench: %s\n", what);
  std::abort();
}

template <class T>
T value_of(Result<T> result, const char* what) {
  require(result.has_value(), what);
  return std::move(*result);
}

}  // namespace baton::bench
