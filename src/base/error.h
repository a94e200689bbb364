// Errors as values. What the network, a peer, a file or a user can cause is a `Result` that must be looked
// at; what cannot happen aborts. Nothing throws on the data path.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace baton {

// The cause, for a program to decide on. The message beside it is for people.
enum class ErrorCode {
  invalid_argument,     // the caller broke a contract
  truncated,            // the input ends too early
  malformed,            // the input cannot be what it claims to be
  unsupported_version,  // a version that this build does not know
  unknown_field,        // a must-understand field that this build does not know
  refused,              // well-formed, but policy or configuration says no
  limit_exceeded,       // a bound on size, time or count was reached
  consumed,             // the connection was serialized and can do nothing more
  crypto,               // the cryptographic library failed
  io,                   // the operating system failed
};

std::string_view to_string(ErrorCode code);

// Messages name the file, line, key or peer and what to do. They never hold a secret.
struct Error {
  ErrorCode code;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

// Passes on the error of another result.
template <class T>
[[nodiscard]] tl::unexpected<Error> pass_on(Result<T>& result) {
  return tl::unexpected<Error>(std::move(result.error()));
}

}  // namespace baton
