#include "serialization/import.h"

#include <algorithm>

#include "base/unix_time.h"

namespace baton::serialization {
namespace {

Result<void> check_age(const tls::ConnectionState& state, const Import& import) {
  const ImportPolicy& policy = import.policy;
  if (!policy.max_age) return {};
  if (!state.handshake_time) {
    return fail(ErrorCode::not_allowed,
                "the connection does not tell its age, and the import policy bounds that");
  }
  // Both times are in range, so their difference does not overflow, whatever the policy says.
  if (!is_in_range(import.now) || *state.handshake_time - import.now > policy.max_clock_skew) {
    return fail(ErrorCode::not_yet_valid,
                "the connection's handshake lies in the future; compare the clocks of the two machines");
  }
  const auto age = import.now - *state.handshake_time;
  if (age <= *policy.max_age) return {};
  return fail(ErrorCode::not_allowed, "the connection is " + std::to_string(age.count()) +
                                          " s old, and the import policy allows " +
                                          std::to_string(policy.max_age->count()) + " s");
}

}  // namespace

Result<void> check_import(const tls::ConnectionState& state, const Import& import) {
  if (state.role != import.role) {
    return fail(ErrorCode::wrong_role, "this is a " + std::string(to_string(state.role)) +
                                           "'s connection; a " + std::string(to_string(import.role)) +
                                           "'s is expected");
  }
  const ImportPolicy& policy = import.policy;
  if (state.version() < policy.min_version) {
    return fail(ErrorCode::not_allowed,
                "the import policy asks for " + std::string(to_string(policy.min_version)) +
                    ", and the connection is " + std::string(to_string(state.version())));
  }
  if (!policy.cipher_suites.empty() &&
      std::ranges::find(policy.cipher_suites, state.suite->name) == policy.cipher_suites.end()) {
    return fail(ErrorCode::not_allowed, "the import policy does not list " + std::string(state.suite->name));
  }
  return check_age(state, import);
}

}  // namespace baton::serialization
