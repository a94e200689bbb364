// From the URI of a key to the key.
#pragma once

#include "provider/module_context.h"
#include "remote_key/key_object.h"

namespace baton::provider {

// The public key is the certificate's, which is read now. Errors: malformed (the URI, the certificate), io (it
// cannot be read), refused (a kind of key that cannot be elsewhere), and those of find_signer.
[[nodiscard]] Result<std::unique_ptr<remote_key::KeyObject>> load_named_key(std::string_view uri,
                                                                            const ModuleContext& context);

}  // namespace baton::provider
