// The parts of the provider that every form of it has: the one of make_remote_key(), and the module that
// OpenSSL loads.
#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include <array>
#include <exception>

#include "handshake/remote_key/key_object.h"

namespace baton::remote_key {

inline constexpr const char* kProviderName = "baton";
inline constexpr const char* kProperties = "provider=baton";
// Carries the address of a KeyObject from make_remote_key() to the key management, in one process.
inline constexpr const char* kObjectParameter = "baton-key-object";

// Puts an error into OpenSSL's queue, and gives 0.
int raise(int reason, std::string_view text);

// What a function throws (memory runs out) is an error of OpenSSL: nothing may fly through its frames, which
// are C and hold locks.
void raise_thrown(const std::exception& thrown);

template <auto kFunction>
struct Guarded;
template <class Value, class... Arguments, Value (*kFunction)(Arguments...)>
struct Guarded<kFunction> {
  static Value call(Arguments... arguments) {
    try {
      return kFunction(arguments...);
    } catch (const std::exception& thrown) {
      raise_thrown(thrown);
    }
    return Value();
  }
};

// A function as OpenSSL's tables hold them. What it throws makes it give 0.
template <auto kFunction>
auto as_function() {
  return reinterpret_cast<void (*)(void)>(&Guarded<kFunction>::call);
}

// Ended by an empty entry.
const OSSL_ALGORITHM* key_managements();
const OSSL_ALGORITHM* signatures();

}  // namespace baton::remote_key
