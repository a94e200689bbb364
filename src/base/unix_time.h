// The times that Baton's formats can hold.
#pragma once

#include "baton/types.h"

namespace baton {

// The latest: the end of the year 9999. The earliest is 0.
inline constexpr UnixTime kLatestTime{std::chrono::seconds{253'402'300'799}};

constexpr bool is_in_range(UnixTime time) {
  return time >= UnixTime{} && time <= kLatestTime;
}

}  // namespace baton
