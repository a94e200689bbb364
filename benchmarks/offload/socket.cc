#include "offload/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>

#include "require.h"

namespace baton::bench {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

LoopbackSocket make() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  require(descriptor >= 0, "no socket");
  return LoopbackSocket(descriptor);
}

}  // namespace

LoopbackSocket::~LoopbackSocket() {
  if (descriptor_ >= 0) close(descriptor_);
}

LoopbackSocket LoopbackSocket::connect(std::uint16_t port) {
  LoopbackSocket socket = make();
  const int on = 1;
  const timeval patience{30, 0};
  setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const sockaddr_in address = loopback(port);
  require(::connect(socket.descriptor(), generic(address), sizeof address) == 0, "nobody listens there");
  return socket;
}

LoopbackSocket LoopbackSocket::listen(std::uint16_t port) {
  LoopbackSocket socket = make();
  const int on = 1;
  setsockopt(socket.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  require(bind(socket.descriptor(), generic(address), sizeof address) == 0, "the port is taken");
  require(::listen(socket.descriptor(), 1024) == 0, "cannot listen");
  return socket;
}

void LoopbackSocket::finish() {
  shutdown(descriptor_, SHUT_WR);
  std::array<char, 4096> ignored;
  while (recv(descriptor_, ignored.data(), ignored.size(), 0) > 0) {
  }
}

}  // namespace baton::bench
