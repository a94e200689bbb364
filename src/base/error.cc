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
  }
  return "unknown";
}

}  // namespace baton
