#include "offload/backend.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "offload/exchange.h"
#include "offload/socket.h"
#include "require.h"

namespace baton::bench {
namespace {

void watch(int poll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  require(epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == 0, "cannot watch a socket");
}

// A request comes in one piece: it is that small.
void answer(int client) {
  std::array<char, 4096> request;
  const ssize_t size = recv(client, request.data(), request.size(), 0);
  if (size > 0) {
    send(client, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
  } else {
    close(client);
  }
}

}  // namespace

void serve_backend(std::uint16_t port) {
  const LoopbackSocket listening = LoopbackSocket::listen(port);
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  watch(poll, listening.descriptor());
  for (;;) {
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor != listening.descriptor()) {
        answer(descriptor);
      } else if (const int client = accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC); client >= 0) {
        watch(poll, client);
      }
    }
  }
}

}  // namespace baton::bench
