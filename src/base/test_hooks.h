// Seeded faults ("mutants") that prove that the tests can fail. They exist only in builds with the CMake
// option BATON_TEST_HOOKS; in every other build `mutant_is` is a constant and the compiler drops the branch.
#pragma once

namespace baton::test_hooks {

enum class Mutant {
  none,
  skip_key_update,           // a KeyUpdate from the peer does not change the receiving key
  repeat_sequence_number,    // a sequence number is used for two records
  accept_no_content_type,    // a TLS 1.3 record of padding only is taken as application data
  ignore_close_notify,       // the peer's close_notify is dropped
  hand_over_without_wiping,  // the secrets stay behind in the connection that was serialized
  forget_unsent_output,      // ciphertext that was not sent does not move with the connection
  claim_twice                // a single-use id can be spent again
};

#ifdef BATON_TEST_HOOKS
// Whether the environment variable BATON_MUTANT names this fault.
bool mutant_is(Mutant mutant);
#else
constexpr bool mutant_is(Mutant /*mutant*/) {
  return false;
}
#endif

}  // namespace baton::test_hooks
