// Where a socket listens or connects to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>

namespace baton::net {

struct TcpEndpoint {
  std::string host;  // an IP address (IPv6 without brackets) or a DNS name
  std::uint16_t port = 0;

  friend bool operator==(const TcpEndpoint&, const TcpEndpoint&) = default;
};

struct UnixEndpoint {
  std::filesystem::path path;

  friend bool operator==(const UnixEndpoint&, const UnixEndpoint&) = default;
};

using Endpoint = std::variant<TcpEndpoint, UnixEndpoint>;

// "192.0.2.1:443", "[2001:db8::1]:443", "host.example:443" or "unix:/run/baton/keystore.sock".
std::string to_string(const Endpoint& endpoint);

bool is_tcp(const Endpoint& endpoint);

}  // namespace baton::net
