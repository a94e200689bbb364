#include "base/test_hooks.h"

#ifdef BATON_TEST_HOOKS
#include <cstdlib>
#include <string_view>

namespace baton::test_hooks {
namespace {

Mutant chosen_mutant() {
  const char* variable = std::getenv("BATON_MUTANT");
  const std::string_view name = variable != nullptr ? variable : "";
  if (name == "skip_key_update") return Mutant::skip_key_update;
  if (name == "repeat_sequence_number") return Mutant::repeat_sequence_number;
  if (name == "accept_no_content_type") return Mutant::accept_no_content_type;
  if (name == "ignore_close_notify") return Mutant::ignore_close_notify;
  if (name == "hand_over_without_wiping") return Mutant::hand_over_without_wiping;
  if (name == "forget_unsent_output") return Mutant::forget_unsent_output;
  if (name == "claim_twice") return Mutant::claim_twice;
  if (!name.empty()) std::abort();  // a misspelt mutant would pass every test
  return Mutant::none;
}

}  // namespace

bool mutant_is(Mutant mutant) {
  static const Mutant chosen = chosen_mutant();
  return mutant == chosen;
}

}  // namespace baton::test_hooks
#endif
