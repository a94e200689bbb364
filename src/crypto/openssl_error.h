// OpenSSL's error queue as an Error. For the two rooms that call OpenSSL.
#pragma once

#include <string_view>

#include "base/error.h"

namespace baton::crypto {

// Takes the oldest entry of this thread's error queue as the reason, and empties the queue.
[[nodiscard]] tl::unexpected<Error> openssl_error(std::string_view what);

}  // namespace baton::crypto
