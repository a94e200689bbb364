// The public key of a certificate in a file, for a private key that is elsewhere.
#pragma once

#include <filesystem>

#include "handshake/remote_key/key_object.h"

namespace baton::provider {

// A key without a signer. The file is PEM, and its first certificate counts. Errors name the file: crypto (it
// cannot be read, or is no certificate), refused (a kind of key that cannot be elsewhere).
[[nodiscard]] Result<std::unique_ptr<remote_key::KeyObject>> key_of_certificate(
    const std::filesystem::path& file);

}  // namespace baton::provider
