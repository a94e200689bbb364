// From a configuration file to who signs.
#pragma once

#include <filesystem>
#include <memory>

#include "base/error.h"
#include "handshake/remote_key/remote_signer.h"

namespace baton::provider_module {

// Reads the file and those that it names now. As long as they stay the same, and for the same file, it is the
// same signer with the same links; after a change those who have it keep the one that they have. So a program
// that loads its keys again, as nginx does on a reload, gets what the files say then. Any thread. Errors:
// what is wrong with them, by line.
[[nodiscard]] Result<std::shared_ptr<remote_key::RemoteSigner>> signer_of(const std::filesystem::path& file);

}  // namespace baton::provider_module
