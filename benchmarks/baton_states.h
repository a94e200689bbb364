// Baton's connections with random secrets, made without a handshake.
#pragma once

#include <string_view>

#include "tls/connection.h"

namespace baton::bench {

struct States {
  tls::ConnectionState server;
  tls::ConnectionState client;
};

// Both ends of one connection. `suite` is an IANA name.
States make_states(std::string_view suite);

}  // namespace baton::bench
