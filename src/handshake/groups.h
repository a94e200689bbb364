// Key-exchange groups by their IANA numbers.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <optional>
#include <string>

namespace baton::handshake {

// The group of the key exchange; absent when there was none or libssl does not tell.
std::optional<std::uint16_t> negotiated_group(SSL* ssl);

// The name that OpenSSL's group lists take, or "group(N)".
std::string group_name(std::uint16_t group);

}  // namespace baton::handshake
