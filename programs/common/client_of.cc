#include "common/client_of.h"

#include <algorithm>
#include <asio/ip/tcp.hpp>
#include <cstring>

namespace baton::programs {

offload::ClientAddress client_of(const net::Socket& socket) {
  offload::ClientAddress address;
  std::error_code error;
  const net::SocketAddress remote = socket.remote_endpoint(error);
  if (error || (remote.protocol().family() != AF_INET && remote.protocol().family() != AF_INET6))
    return address;
  asio::ip::tcp::endpoint tcp;
  tcp.resize(remote.size());
  std::memcpy(tcp.data(), remote.data(), remote.size());
  const auto ip = tcp.address().is_v4()
                      ? asio::ip::make_address_v6(asio::ip::v4_mapped, tcp.address().to_v4())
                      : tcp.address().to_v6();
  std::ranges::copy(ip.to_bytes(), address.ip.begin());
  address.port = tcp.port();
  return address;
}

}  // namespace baton::programs
