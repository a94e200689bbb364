#include "net/endpoint.h"

namespace baton::net {

std::string to_string(const Endpoint& endpoint) {
  if (const auto* unix_endpoint = std::get_if<UnixEndpoint>(&endpoint))
    return "unix:" + unix_endpoint->path.string();
  const auto& tcp = std::get<TcpEndpoint>(endpoint);
  const bool ipv6 = tcp.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + tcp.host + "]" : tcp.host) + ":" + std::to_string(tcp.port);
}

bool is_tcp(const Endpoint& endpoint) {
  return std::holds_alternative<TcpEndpoint>(endpoint);
}

}  // namespace baton::net
