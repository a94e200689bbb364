// Certificates and keys that a configuration names: read, checked, and reported with the line that names
// them.
#pragma once

#include <optional>
#include <string>

#include "common/common_config.h"
#include "handshake/server.h"

namespace baton::programs {

// Largest certificate, chain or key file: chains of 64 kB are legal, and bundles of authorities have
// hundreds.
inline constexpr std::size_t kMaxPemFile = std::size_t{4} * 1024 * 1024;  // bytes

// Reads a chain and its private key; errors (unreadable, key open to others) go to `errors`.
std::optional<handshake::Credential> read_credential(const NamedFile& chain, const NamedFile& private_key,
                                                     ConfigErrors& errors);

// The link's own identity, and the authorities for the other side's.
struct LinkCredential {
  handshake::Credential credential;
  std::string ca_pem;
};

// Reads the files and checks that they load: the key matches, the certificate is within its validity.
std::optional<LinkCredential> load_link_credential(const LinkTlsFiles& files, ConfigErrors& errors);

}  // namespace baton::programs
