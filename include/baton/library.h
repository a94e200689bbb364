// Start-up, for programs that own their process.
#pragma once

#include "baton/error.h"
#include "baton/export.h"

namespace baton {

// Makes OpenSSL wipe all memory that it frees (stock libssl leaves copies of traffic secrets behind) and
// ignore the machine's openssl.cnf, which could change verification and tickets. Optional, and it concerns
// every user of OpenSSL in the process. Call it once, first thing in main, from one thread. Error: crypto,
// when OpenSSL has been used already.
[[nodiscard]] BATON_EXPORT Result<void> start_library();

}  // namespace baton
