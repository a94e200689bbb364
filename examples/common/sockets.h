// TCP and Unix sockets, as far as the examples need them.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "baton/bytes.h"
#include "baton/connection.h"
#include "need.h"

namespace example {

// Owns a file descriptor; -1 is none, which poll() passes over.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

// On the loopback address. With SOCK_NONBLOCK accepting does not wait: another process may have been faster.
inline Socket listen_on(const std::string& port, int flags = 0) {
  Socket listener(need(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket"));
  const int on = 1;
  need(::setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  need(::bind(listener.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), "port " + port);
  need(::listen(listener.fd(), SOMAXCONN), "listen");
  return listener;
}

// None: nobody is there.
inline Socket connect_to(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return Socket();
  Socket socket;
  for (const addrinfo* at = found; at != nullptr && !socket; at = at->ai_next) {
    Socket tried(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(tried.fd(), at->ai_addr, at->ai_addrlen) == 0) socket = std::move(tried);
  }
  ::freeaddrinfo(found);
  return socket;
}

// A Unix socket that keeps messages apart, or (SOCK_STREAM) one that does not.
inline Socket listen_at(const std::string& path, int type = SOCK_SEQPACKET) {
  Socket listener(need(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0), "socket"));
  sockaddr_un address{AF_UNIX, {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(path.c_str());
  ::umask(0077);  // only our own user may connect
  need(::bind(listener.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), path);
  need(::listen(listener.fd(), SOMAXCONN), "listen");
  return listener;
}

inline Socket connect_at(const std::string& path, int type = SOCK_SEQPACKET) {
  Socket socket(need(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0), "socket"));
  sockaddr_un address{AF_UNIX, {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  need(::connect(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), path);
  return socket;
}

// None: nobody waits any more; or, after a pause, no descriptor is left. Clients wait then, and so must we.
inline Socket accept_from(const Socket& listener) {
  const int fd = ::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0 && errno != EAGAIN) ::poll(nullptr, 0, 10);
  return Socket(fd);
}

}  // namespace example
