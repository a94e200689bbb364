// What a table says of TLS for all its names: that of a tenant, or of a listener that does its handshakes
// itself.
#pragma once

#include <string>
#include <vector>

#include "common/config_table.h"
#include "tls/cipher_suite.h"

namespace baton::programs {

struct TlsPolicyConfig {
  std::vector<std::string> alpn;  // empty: ALPN is ignored
  tls::ProtocolVersion min_version = tls::ProtocolVersion::tls12;
  tls::ProtocolVersion max_version = tls::ProtocolVersion::tls13;
};

// `alpn`, `min_version` and `max_version` of the table.
TlsPolicyConfig read_tls_policy(TableReader& table);

}  // namespace baton::programs
