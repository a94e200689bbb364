// Random bytes and comparison in constant time.
#pragma once

#include "base/bytes.h"
#include "base/error.h"

namespace baton::crypto {

// Fills `out` from OpenSSL's random generator.
[[nodiscard]] Result<void> random_bytes(MutableBytes out);

// Compares without telling by its time where the two differ. Different sizes are unequal at once.
bool constant_time_equal(ByteView a, ByteView b);

}  // namespace baton::crypto
