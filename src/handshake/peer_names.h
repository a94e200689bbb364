// The names of a certificate.
#pragma once

#include <openssl/x509.h>

#include <string>
#include <vector>

namespace baton::handshake {

// DNS names and URIs of the subjectAltName, in its order. Names with a byte outside printable ASCII are left
// out: they could be read differently by whoever compares them.
std::vector<std::string> peer_names(const X509& certificate);
// The same without the URIs.
std::vector<std::string> dns_names(const X509& certificate);

}  // namespace baton::handshake
