// Cipher suites as the lists that libssl takes.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "tls/cipher_suite.h"

namespace baton::handshake {

struct SuiteLists {
  std::string tls12;  // for SSL_set_cipher_list(); may be empty
  std::string tls13;  // for SSL_set_ciphersuites(); may be empty
  // The versions that the suites leave of those asked for.
  tls::ProtocolVersion min_version = tls::ProtocolVersion::tls12;
  tls::ProtocolVersion max_version = tls::ProtocolVersion::tls13;
};

// From IANA names in order of preference; no names: every suite that Baton carries, ECDSA first. `owner` is
// named in errors: an unknown suite, a reversed range of versions, or a range in which no suite is left.
Result<SuiteLists> suite_lists(const std::vector<std::string>& iana_names, tls::ProtocolVersion min_version,
                               tls::ProtocolVersion max_version, const std::string& owner);

// Sets suites and versions. False with an entry in OpenSSL's error queue.
bool apply(const SuiteLists& lists, SSL* ssl);
bool apply(const SuiteLists& lists, SSL_CTX* context);

}  // namespace baton::handshake
