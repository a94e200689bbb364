// Address and port of a client, as they travel in OPEN.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "baton/client_address.h"

namespace baton::offload {

using baton::ClientAddress;

// What one client usually has at its disposal, and so is counted as: its IPv4 address, or its IPv6 /64.
// Clients of unknown address are one.
using ClientNetwork = std::array<std::uint8_t, 16>;
ClientNetwork network_of(const ClientAddress& client);

// "192.0.2.1:443", "[2001:db8::1]:443" (RFC 5952), or "unknown" when the address is all zero.
std::string to_string(const ClientAddress& address);

}  // namespace baton::offload
