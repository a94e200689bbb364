// Addresses of sockets, as text in configuration files.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "net/endpoint.h"

namespace baton::programs {

using net::Endpoint;
using net::is_tcp;
using net::TcpEndpoint;
using net::to_string;
using net::UnixEndpoint;

// Longest path of a Unix socket: sun_path holds 108 bytes with the terminating zero.
inline constexpr std::size_t kMaxUnixPath = 107;  // bytes

// "192.0.2.1:443", "[2001:db8::1]:443", "host.example:443" or "unix:/run/baton/keystore.sock". Ports are 1 to
// 65535. Errors: malformed, with a text that says what to write.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

// Whether the text is an IPv4 or IPv6 address (without brackets).
bool is_ip_address(std::string_view text);

}  // namespace baton::programs
