// What is read from a ClientHello, in libssl's ClientHello callback.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/bytes.h"
#include "tls/alert.h"

namespace baton::handshake {

struct ClientHelloFields {
  std::string server_name;  // lower case; empty when there is none
  bool offers_tls13 = false;
  bool offers_early_data = false;
  ByteView signature_algorithms;  // the extension's body; valid during the callback
};

// Fails with the alert and the reason.
tl::expected<ClientHelloFields, tls::Failure> read_client_hello(SSL* ssl);

// The host name in the body of a server_name extension, in lower case and without a dot at its end
// (RFC 6066 §3: one host_name; letters, digits, '-', '_' and '.'; at most 255 bytes).
tl::expected<std::string, tls::Failure> parse_server_name(ByteView extension);

// Lower case, without a dot at its end; empty when the text is not a host name.
std::string normalized_host_name(std::string_view name);

}  // namespace baton::handshake
