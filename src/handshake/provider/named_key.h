// From the URI of a key to the key.
#pragma once

#include "handshake/provider/certificate_key.h"
#include "handshake/provider/module_context.h"

namespace baton::provider {

// A key without a signer. The public key is the certificate's, which is read now. Errors: malformed (the
// URI), and those of key_of_certificate().
[[nodiscard]] Result<std::unique_ptr<remote_key::KeyObject>> load_named_key(std::string_view uri);

// Errors: refused (this provider stands before the one of all other keys), and those of find_signer.
[[nodiscard]] Result<void> add_signer(remote_key::KeyObject& key, const ModuleContext& context);

}  // namespace baton::provider
