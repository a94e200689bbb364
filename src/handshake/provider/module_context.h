// What the parts of the module share. Private to this room.
#pragma once

#include "base/secret.h"
#include "handshake/provider/module.h"
#include "handshake/remote_key/key_object.h"

namespace baton::provider {

struct ModuleContext {
  ModuleOptions options;
  std::filesystem::path config;
  OSSL_FUNC_BIO_read_ex_fn* read = nullptr;    // from OpenSSL's streams
  OSSL_FUNC_BIO_gets_fn* read_line = nullptr;  // of them

  Result<Signer> find_signer() const { return options.find_signer(config); }
};

// Ended by an empty entry.
const OSSL_ALGORITHM* decoders();
const OSSL_ALGORITHM* stores();

// Gives a key to OpenSSL, which takes it with the function of the key management that loads it. 0: it would
// not have it.
int give_key(std::unique_ptr<remote_key::KeyObject> key, OSSL_CALLBACK* give, void* argument);

}  // namespace baton::provider
