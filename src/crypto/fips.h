// FIPS mode: OpenSSL's validated module does all cryptography.
#pragma once

#include "base/error.h"

namespace baton::crypto {

// From here on every algorithm comes from a provider with the property fips=yes, the AEAD of records
// included. Loads the machine's OpenSSL configuration, which is where the module is set up. Call it behind
// start_library() and before anything else of this room. Error: refused, when the machine has no such module.
[[nodiscard]] Result<void> require_fips();

bool fips_is_required();

}  // namespace baton::crypto
