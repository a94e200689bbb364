// Store of keys by their URI alone (ossl_store(7)).

#include <openssl/proverr.h>

#include "handshake/provider/key_uri.h"
#include "handshake/provider/named_key.h"
#include "handshake/remote_key/provider_tables.h"

namespace baton::provider {
namespace {

using remote_key::as_function;
using remote_key::raise;

struct Store {
  std::unique_ptr<remote_key::KeyObject> key;  // until it is given
};

void* open(void* context, const char* uri) {
  auto key = load_named_key(uri);
  const auto added = key ? add_signer(**key, *static_cast<const ModuleContext*>(context)) : pass_on(key);
  if (added) return new Store{std::move(*key)};
  raise(PROV_R_INVALID_CONFIG_DATA, added.error().message);
  return nullptr;
}

int load(void* store, OSSL_CALLBACK* give, void* argument, OSSL_PASSPHRASE_CALLBACK* /*passphrase*/,
         void* /*passphrase_argument*/) {
  auto& key = static_cast<Store*>(store)->key;
  return key ? give_key(std::move(key), give, argument) : 0;
}

int at_end(void* store) {
  return static_cast<Store*>(store)->key ? 0 : 1;
}

int close(void* store) {
  delete static_cast<Store*>(store);
  return 1;
}

// What OpenSSL would rather have: there is one thing only.
int set_parameters(void* /*store*/, const OSSL_PARAM /*params*/[]) {
  return 1;
}

}  // namespace

const OSSL_ALGORITHM* stores() {
  static const OSSL_DISPATCH kTable[] = {{OSSL_FUNC_STORE_OPEN, as_function<open>()},
                                         {OSSL_FUNC_STORE_LOAD, as_function<load>()},
                                         {OSSL_FUNC_STORE_EOF, as_function<at_end>()},
                                         {OSSL_FUNC_STORE_CLOSE, as_function<close>()},
                                         {OSSL_FUNC_STORE_SET_CTX_PARAMS, as_function<set_parameters>()},
                                         {0, nullptr}};
  static const OSSL_ALGORITHM kAll[] = {
      {kKeyUriScheme, remote_key::kProperties, kTable, "keys that key stores have"},
      {nullptr, nullptr, nullptr, nullptr}};
  return kAll;
}

}  // namespace baton::provider
