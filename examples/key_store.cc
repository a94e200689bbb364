// The smallest key store: does the handshakes of application_server's clients, and hands the connections
// over.
//
//   key_store SOCKET CERTIFICATE KEY
//
// The link is a Unix socket. What goes over it is secret and not encrypted, which is why only processes of
// our own user may connect; between machines it is LinkToApplicationServer::over() with a mutual TLS
// connection.
#include <poll.h>

#include <algorithm>
#include <vector>

#include "baton/library.h"
#include "baton/offload.h"
#include "common/messages.h"
#include "common/transport.h"

namespace {

using namespace example;
using Clock = std::chrono::steady_clock;

struct Link {
  Socket socket;
  baton::LinkToApplicationServer link;
};

void accept_link(const Socket& listener, const baton::Config& config, std::vector<Link>& links) {
  Socket socket = accept_from(listener);
  if (!socket || peer_of(socket).uid != ::getuid()) return;
  baton::KeyStoreOptions options;
  options.names = {"localhost"};  // what this application server may serve
  links.push_back({std::move(socket),
                   need(baton::LinkToApplicationServer::over_unprotected(config, options, Clock::now()))});
}

// Whether the link stays.
bool serve(Link& peer, short news) {
  if ((news & ~POLLOUT) != 0) {
    std::array<std::uint8_t, 64 * 1024> buffer{};
    const baton::ByteView received = receive(peer.socket, buffer);
    if (received.empty()) return false;
    const auto taken = peer.link.receive(received, Clock::now());
    if (!taken) warn("link: " + taken.error().message);  // what says so to the other side is in the output
  }
  peer.link.expire(Clock::now());
  while (const auto report = peer.link.next_report()) {
    if (!report->reason.empty()) warn("handshake for '" + report->server_name + "': " + report->reason);
  }
  return send_some(peer.socket, peer.link) && !peer.link.finished();
}

// What is to be waited for, and for how long at most.
std::vector<pollfd> wanted(const Socket& listener, std::vector<Link>& links) {
  std::vector<pollfd> polled = {{listener.fd(), POLLIN, 0}};
  for (Link& peer : links) {
    const int events = (peer.link.wants_input() ? POLLIN : 0) | (peer.link.output().empty() ? 0 : POLLOUT);
    polled.push_back({peer.socket.fd(), static_cast<short>(events), 0});
  }
  return polled;
}

int timeout_ms(const std::vector<Link>& links) {
  constexpr Clock::duration kNever = std::chrono::hours(1);
  Clock::duration shortest = kNever;
  for (const Link& peer : links) {
    const auto deadline = peer.link.next_deadline();
    if (deadline) shortest = std::clamp(*deadline - Clock::now(), Clock::duration(0), shortest);
  }
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(shortest).count());
}

}  // namespace

int main(int argc, char** argv) {
  need_usage(argc == 4, "key_store SOCKET CERTIFICATE KEY");
  need(baton::start_library());
  const baton::Config config = server_config(argv[2], argv[3]);
  const Socket listener = listen_at(argv[1], SOCK_STREAM);
  std::vector<Link> links;
  for (;;) {
    std::vector<pollfd> polled = wanted(listener, links);
    need(::poll(polled.data(), polled.size(), timeout_ms(links)), "poll");
    std::vector<Link> stay;
    for (std::size_t i = 0; i < links.size(); ++i) {
      if (serve(links[i], polled[i + 1].revents)) stay.push_back(std::move(links[i]));
    }
    links = std::move(stay);
    if (polled[0].revents != 0) accept_link(listener, config, links);
  }
}
