// What a process expects of a connection that it is to continue.
#pragma once

#include "base/error.h"
#include "baton/import_policy.h"
#include "tls/connection_state.h"

namespace baton::serialization {

struct Import {
  Role role;
  ImportPolicy policy;
  UnixTime now;
};

// Errors: wrong_role, not_allowed, not_yet_valid.
[[nodiscard]] Result<void> check_import(const tls::ConnectionState& state, const Import& import);

}  // namespace baton::serialization
