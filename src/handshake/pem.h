// PEM text to OpenSSL objects, without prompts and with errors that name the file.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "handshake/openssl_handles.h"

namespace baton::handshake {

// Every certificate of the text, in order; at least one. Other PEM blocks are passed over.
Result<std::vector<CertificatePtr>> read_certificates(std::string_view pem, const std::string& source);

// The first private key of the text. A key under a passphrase is an error.
Result<KeyPtr> read_private_key(const SecretBuffer& pem, const std::string& source);

}  // namespace baton::handshake
