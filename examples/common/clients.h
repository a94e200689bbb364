// The clients of a server with poll().
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "client.h"

namespace example {

inline pollfd readable(int fd) {
  return {fd, POLLIN, 0};
}

template <class Handshake>
class Clients {
 public:
  bool empty() const { return clients_.empty(); }

  void add(Client<Handshake> client) {
    // One that has been served elsewhere may have brought along what nobody has read.
    if (client.connection() == nullptr || client.answer_all()) clients_.push_back(std::move(client));
  }

  // Removes those that `leaves` is true for, which it is asked once for each.
  void remove_if(auto leaves) {
    std::vector<Client<Handshake>> stay;
    for (auto& client : clients_) {
      if (!leaves(client)) stay.push_back(std::move(client));
    }
    clients_ = std::move(stay);
  }

  // Waits until there is news for `others` or for the clients, whom it serves.
  void serve(std::span<pollfd> others, int timeout_ms) {
    std::vector<pollfd> polled(others.begin(), others.end());
    for (const auto& client : clients_) polled.push_back({client.socket().fd(), client.wanted(), 0});
    need(::poll(polled.data(), polled.size(), timeout_ms), "poll");
    std::copy_n(polled.begin(), others.size(), others.begin());
    std::size_t at = others.size();
    remove_if([&](auto& client) { return polled[at++].revents != 0 && !client.go_on(); });
  }

 private:
  std::vector<Client<Handshake>> clients_;
};

}  // namespace example
