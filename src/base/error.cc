#include "base/error.h"

namespace baton {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::truncated:
      return "truncated";
    case ErrorCode::malformed:
      return "malformed";
    case ErrorCode::unsupported_version:
      return "unsupported_version";
    case ErrorCode::unknown_field:
      return "unknown_field";
    case ErrorCode::refused:
      return "refused";
    case ErrorCode::limit_exceeded:
      return "limit_exceeded";
    case ErrorCode::consumed:
      return "consumed";
    case ErrorCode::crypto:
      return "crypto";
    case ErrorCode::io:
      return "io";
    case ErrorCode::wrong_role:
      return "wrong_role";
    case ErrorCode::not_allowed:
      return "not_allowed";
    case ErrorCode::unknown_key:
      return "unknown_key";
    case ErrorCode::bad_seal:
      return "bad_seal";
    case ErrorCode::wrong_audience:
      return "wrong_audience";
    case ErrorCode::wrong_purpose:
      return "wrong_purpose";
    case ErrorCode::expired:
      return "expired";
    case ErrorCode::not_yet_valid:
      return "not_yet_valid";
    case ErrorCode::already_claimed:
      return "already_claimed";
  }
  return "unknown";
}

}  // namespace baton
