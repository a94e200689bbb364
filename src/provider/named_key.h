// From the URI of a key to the key.
#pragma once

#include "provider/certificate_key.h"
#include "provider/module_context.h"

namespace baton::provider {

// The public key is the certificate's, which is read now. Errors: malformed (the URI), and those of
// key_of_certificate() and find_signer.
[[nodiscard]] Result<std::unique_ptr<remote_key::KeyObject>> load_named_key(std::string_view uri,
                                                                            const ModuleContext& context);

}  // namespace baton::provider
