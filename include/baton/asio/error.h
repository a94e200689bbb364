// Baton's errors as Asio's error codes.
//
//   net::error::eof            the peer's close_notify: all that it had to say has come. During a handshake
//                              too, which has failed then
//   error::stream_truncated    the stream ended without close_notify; it may have been cut (RFC 8446 §6.1)
//   error::key_store_failed    a handshake at a key store failed for a reason that is not the client's;
//                              stream::failure() says which
//   alert_received()           category: the peer sent this alert, and the connection is over
//   alert_sent()               category: the peer broke the protocol and is sent this alert; it is over too
//   net::error::not_connected  no handshake was done, or the connection was taken away
//   net::error::shut_down      a write behind our own close_notify
//   net::error::in_progress    an operation of the same kind is in flight
//   net::error::already_connected  a handshake on a stream that has a connection
//   baton_errors()             category: an ErrorCode, anything else
//
// The value in an alert's category is the alert's number. The errors of the next layer pass through.
#pragma once

#include <string>

#include "baton/alert.h"
#include "baton/asio/asio_namespace.h"
#include "baton/error.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {

// What no error code of Asio says.
enum class error {
  stream_truncated = 1,
  key_store_failed = 2,
};

// Boost's base class has no virtual destructor; nobody destroys a category by it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace detail {

struct stream_category final : error_category {
  const char* name() const noexcept override { return "baton.stream"; }
  std::string message(int value) const override {
    if (value == static_cast<int>(error::stream_truncated)) {
      return "the stream ended without close_notify, so it may have been cut";
    }
    return "the key store could not do the handshake";
  }
};

struct alert_received_category final : error_category {
  const char* name() const noexcept override { return "baton.alert_received"; }
  std::string message(int value) const override {
    return "the peer sent the alert " + to_string(static_cast<Alert>(value));
  }
};

struct alert_sent_category final : error_category {
  const char* name() const noexcept override { return "baton.alert_sent"; }
  std::string message(int value) const override {
    return "TLS failed with the alert " + to_string(static_cast<Alert>(value));
  }
};

struct baton_category final : error_category {
  const char* name() const noexcept override { return "baton"; }
  std::string message(int value) const override {
    return std::string(to_string(static_cast<ErrorCode>(value - 1)));
  }
};

}  // namespace detail

#pragma GCC diagnostic pop

// The categories: of `error`, of alerts and of ErrorCode.
inline const error_category& stream_errors() {
  static const detail::stream_category category;
  return category;
}
inline const error_category& alert_received() {
  static const detail::alert_received_category category;
  return category;
}
inline const error_category& alert_sent() {
  static const detail::alert_sent_category category;
  return category;
}
inline const error_category& baton_errors() {
  static const detail::baton_category category;
  return category;
}

// The error code of each.
inline error_code make_error_code(error value) {
  return {static_cast<int>(value), stream_errors()};
}
inline error_code make_error_code(const Failure& failure) {
  // A peer that takes its leave during the handshake; 0, its number, would mean success.
  if (failure.alert == Alert::close_notify) return net::error::eof;
  return {static_cast<int>(failure.alert), failure.from_peer ? alert_received() : alert_sent()};
}
// Its value is one more than the enumerator's, since 0 means success.
inline error_code make_error_code(ErrorCode code) {
  return {static_cast<int>(code) + 1, baton_errors()};
}

}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio

#ifdef BATON_ASIO_BOOST
template <>
struct boost::system::is_error_code_enum<baton::asio::error> : std::true_type {};
#else
template <>
struct std::is_error_code_enum<baton::asio::error> : std::true_type {};
#endif
