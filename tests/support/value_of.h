// What a set-up that must succeed gives; a test cannot go on without it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"

namespace baton::test {

template <class T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
    std::abort();
  }
  return std::move(*result);
}

}  // namespace baton::test
