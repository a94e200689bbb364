// The parts of the provider that every form of it has: the one of make_remote_key(), and the module that
// OpenSSL loads.
#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include <array>

#include "remote_key/key_object.h"

namespace baton::remote_key {

inline constexpr const char* kProviderName = "baton";
inline constexpr const char* kProperties = "provider=baton";
// Carries the address of a KeyObject from make_remote_key() to the key management, in one process.
inline constexpr const char* kObjectParameter = "baton-key-object";

// A function as OpenSSL's tables hold them.
template <class Function>
auto as_function(Function* function) {
  return reinterpret_cast<void (*)(void)>(function);
}

// Ended by an empty entry.
const OSSL_ALGORITHM* key_managements();
const OSSL_ALGORITHM* signatures();

}  // namespace baton::remote_key
