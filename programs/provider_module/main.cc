// baton.so: what OpenSSL calls when it loads the module.
#include "handshake/provider/module.h"
#include "provider_module/signers.h"

extern "C" __attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE* handle,
                                                                         const OSSL_DISPATCH* core,
                                                                         const OSSL_DISPATCH** out,
                                                                         void** context) {
  return baton::provider::start_module(handle, core, out, context,
                                       {baton::provider_module::signer_of, "/etc/baton/provider.toml"});
}
