// The OpenSSL 3 provider as a module that OpenSSL loads by its configuration (provider(7)): private keys
// whose certificates are here and whose signatures come from elsewhere. A key is named by a URI (key_uri.h),
// in a PEM file or in place of one; what a remote_key::RemoteSigner does with a signature, this room does not
// know.
#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "handshake/remote_key/remote_signer.h"

namespace baton::provider {

using Signer = std::shared_ptr<remote_key::RemoteSigner>;

// What the program behind the module does. Called on the threads that load keys, several at a time.
struct ModuleOptions {
  // Who signs for a key that is loaded now. `config` is the file that OpenSSL's configuration names.
  std::function<Result<Signer>(const std::filesystem::path& config)> find_signer;
  std::filesystem::path default_config;  // where OpenSSL's configuration names none
};

// For OSSL_provider_init(), whose arguments it takes. 1, or 0 when OpenSSL is not as it should be.
int start_module(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* core, const OSSL_DISPATCH** out,
                 void** context, ModuleOptions options);

}  // namespace baton::provider
