#include "crypto/library.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include <cstdlib>
#include <cstring>
#include <system_error>

#include "base/secret.h"
#include "crypto/openssl_error.h"

namespace baton::crypto {
namespace {

// OpenSSL gives the place of each call; it is of no use here.
void* allocate(std::size_t size, const char* /*file*/, int /*line*/) {
  return std::malloc(size);
}

void wipe_and_free(void* pointer, const char* /*file*/, int /*line*/) {
  if (pointer == nullptr) return;
  wipe({static_cast<std::uint8_t*>(pointer), malloc_usable_size(pointer)});
  std::free(pointer);
}

// realloc() would free the old place without wiping it.
void* reallocate(void* old, std::size_t size, const char* file, int line) {
  if (old == nullptr) return allocate(size, file, line);
  if (size == 0) {
    wipe_and_free(old, file, line);
    return nullptr;
  }
  const std::size_t old_size = malloc_usable_size(old);
  if (size <= old_size) return old;
  void* grown = allocate(size, file, line);
  if (grown == nullptr) return nullptr;
  std::memcpy(grown, old, old_size);
  wipe_and_free(old, file, line);
  return grown;
}

}  // namespace

Result<void> start_library() {
  if (CRYPTO_set_mem_functions(allocate, reallocate, wipe_and_free) != 1) {
    return fail(ErrorCode::crypto, "OpenSSL was used before crypto::start_library(); call it first in main");
  }
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1) {
    return openssl_error("OpenSSL does not start");
  }
  return {};
}

namespace {

std::string reason_of(unsigned long entry) {
  if (ERR_SYSTEM_ERROR(entry)) return std::generic_category().message(ERR_GET_REASON(entry));
  const char* reason = entry != 0 ? ERR_reason_error_string(entry) : nullptr;
  return reason != nullptr ? reason : "no reason given";
}

}  // namespace

tl::unexpected<Error> openssl_error(std::string_view what) {
  const unsigned long entry = ERR_get_error();
  ERR_clear_error();
  return fail(ErrorCode::crypto, std::string(what) + ": " + reason_of(entry));
}

}  // namespace baton::crypto
