// From C's arguments to values.
#pragma once

#include <string>

#include "base/error.h"
#include "baton/config.h"

namespace baton::capi {

Result<Role> role_of(int role);
Result<ProtocolVersion> protocol_version_of(int version);
Result<KeptMetadata> kept_metadata_of(int peer, unsigned keep);

inline UnixTime time_of(std::int64_t seconds) {
  return UnixTime(std::chrono::seconds(seconds));
}
inline std::int64_t seconds_of(UnixTime time) {
  return time.time_since_epoch().count();
}

inline std::string text_or_empty(const char* text) {
  return text != nullptr ? text : "";
}

}  // namespace baton::capi
