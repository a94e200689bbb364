// Which library encrypts. Chosen once in the life of a process, at the first use.
#pragma once

#include <string_view>

#include "base/error.h"
#include "crypto/aead.h"

namespace baton::crypto {

enum class AeadBackend {
  evp,      // OpenSSL: on every machine, and always under FIPS
  ipsec_mb  // Intel's multi-buffer library: some four times faster where the CPU has AES and AVX
};
std::string_view to_string(AeadBackend backend);

// ipsec_mb where this build has it and the CPU is made for it, evp elsewhere. The environment variable
// BATON_AEAD=evp|ipsec-mb forces one. Errors: invalid_argument, for another value of that variable; refused,
// when what it forces cannot be had.
[[nodiscard]] Result<AeadBackend> aead_backend();

// The rule behind it. `forced`: the value of BATON_AEAD, empty without one.
[[nodiscard]] Result<AeadBackend> choose_aead_backend(std::string_view forced, bool fips_required,
                                                      bool ipsec_mb_usable);

// The same key, by a backend of the caller's choice. For tests and measurements; a program takes
// make_aead_key().
Result<std::unique_ptr<AeadKey>> make_aead_key(AeadBackend backend, AeadAlgorithm algorithm, ByteView key);

// Whether this build has the library and the CPU is made for it.
bool ipsec_mb_is_usable();

}  // namespace baton::crypto
