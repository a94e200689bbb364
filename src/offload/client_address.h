// Address and port of a client, as they travel in OPEN.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace baton::offload {

struct ClientAddress {
  std::array<std::uint8_t, 16> ip{};  // IPv4 as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2); all zero: unknown
  std::uint16_t port = 0;             // 0: unknown

  friend bool operator==(const ClientAddress&, const ClientAddress&) = default;
};

// What one client usually has at its disposal, and so is counted as: its IPv4 address, or its IPv6 /64.
// Clients of unknown address are one.
using ClientNetwork = std::array<std::uint8_t, 16>;
ClientNetwork network_of(const ClientAddress& client);

// "192.0.2.1:443", "[2001:db8::1]:443" (RFC 5952), or "unknown" when the address is all zero.
std::string to_string(const ClientAddress& address);

}  // namespace baton::offload
