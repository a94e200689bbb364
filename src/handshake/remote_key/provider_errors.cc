// Errors of the provider, in OpenSSL's queue.

#include <openssl/err.h>
#include <openssl/proverr.h>

#include "handshake/remote_key/provider_tables.h"

namespace baton::remote_key {

int raise(int reason, std::string_view text) {
  ERR_new();
  ERR_set_error(ERR_LIB_PROV, reason, "%.*s", static_cast<int>(text.size()), text.data());
  return 0;
}

void raise_thrown(const std::exception& thrown) {
  raise(ERR_R_INTERNAL_ERROR, thrown.what());
}

}  // namespace baton::remote_key
