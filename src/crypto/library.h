// Start-up of the OpenSSL library, for programs. Call once, first thing in main, before any other use of
// OpenSSL.
#pragma once

#include "base/error.h"

namespace baton::crypto {

// Makes OpenSSL wipe all memory that it frees (R6: stock libssl leaves copies of traffic secrets behind) and
// ignore the machine's openssl.cnf, which could change verification and tickets behind the configuration's
// back. Fails when OpenSSL has allocated already.
[[nodiscard]] Result<void> start_library();

}  // namespace baton::crypto
