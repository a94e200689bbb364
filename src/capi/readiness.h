// Filling in the struct of a caller who may know another version of it.
#pragma once

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "baton/baton.h"

namespace baton::capi {

// `readiness` may be null. Error: invalid_argument, when its size is not set.
inline Result<void> fill(baton_readiness* readiness, baton_readiness known) {
  if (readiness == nullptr) return {};
  if (readiness->struct_size < sizeof readiness->struct_size) {
    return fail(ErrorCode::invalid_argument, "struct_size is not set to sizeof(baton_readiness)");
  }
  known.struct_size = readiness->struct_size;
  std::memcpy(readiness, &known, std::min(known.struct_size, sizeof known));
  return {};
}

// The answer of a readiness call.
template <class Readiness>
Result<void> answer(baton_readiness* into, const baton_readiness& known, Readiness& readiness) {
  if (auto filled = fill(into, known); !filled) return filled;
  if (!readiness.obstacle) return {};
  return tl::unexpected(std::move(*readiness.obstacle));
}

}  // namespace baton::capi
