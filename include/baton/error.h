// Errors as values. What the network, a peer, a file or a user can cause is a `Result` that must be looked
// at; what cannot happen aborts. Nothing throws on the data path.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "baton/export.h"

namespace baton {

// The cause, for a program to decide on. The message beside it is for people.
enum class ErrorCode {
  invalid_argument,     // the caller broke a contract
  truncated,            // the input ends too early
  malformed,            // the input cannot be what it claims to be, or has bytes behind its end
  unsupported_version,  // a version that this build does not know
  unknown_field,        // a must-understand field that this build does not know
  refused,              // well-formed, but configuration or the state of things says no
  limit_exceeded,       // a bound on size, time or count was reached
  consumed,             // the connection was serialized or moved and can do nothing more
  crypto,               // the cryptographic library failed
  io,                   // the operating system, or a store behind it, failed
  wrong_role,           // a client's connection where a server's is expected, or the other way round
  not_allowed,          // the import policy forbids this TLS version, cipher suite or age
  unknown_key,          // sealed under a key that is not in the key ring
  bad_seal,             // the seal does not verify: altered, or not ours
  wrong_audience,       // sealed for somebody else
  wrong_purpose,        // sealed for another use
  expired,              // its time is over
  not_yet_valid,        // sealed later than our clock says: one of the clocks is wrong
  already_claimed,      // its single-use id was spent before
};

// The enumerator's name.
BATON_EXPORT std::string_view to_string(ErrorCode code);

// Messages name the file, line, key or peer and what to do. They never hold a secret.
struct BATON_EXPORT Error {
  ErrorCode code;       // for decisions
  std::string message;  // for people
};

// What a call gave, or why it could not.
template <class T>
using Result = tl::expected<T, Error>;

}  // namespace baton
