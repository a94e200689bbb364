// What a program of Baton does first.
#pragma once

#include "base/error.h"

namespace baton::programs {

// Prepares the process; call it first thing in main, before anything else of OpenSSL and before threads
// start.
//  - crypto::start_library(): OpenSSL wipes what it frees and reads no openssl.cnf.
//  - R6: no core dumps, and no ptrace or /proc/PID/mem but by root. Both programs hold secrets: the key store
//  private
//    keys, the application server traffic secrets.
//  - SIGPIPE is ignored: a peer that closes is an error of write().
//  - The soft limit of open descriptors is raised to the hard one.
// Errors: crypto, or io naming the call that failed.
[[nodiscard]] Result<void> prepare_process();

// What the configuration says of cryptography, before anything uses it: whether FIPS is required, and the
// AEAD that BATON_AEAD forces. Errors: those of crypto::require_fips and crypto::aead_backend.
[[nodiscard]] Result<void> prepare_cryptography(bool fips);

}  // namespace baton::programs
