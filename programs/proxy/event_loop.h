// One event loop of the proxy: its listening sockets, its links and its sessions. Nothing is shared with
// other loops but counters and the count of connections.
#pragma once

#include <asio/io_context.hpp>
#include <list>
#include <memory>
#include <vector>

#include "net/listen.h"
#include "offload/client_rates.h"
#include "proxy/session.h"

namespace baton::proxy {

// What all loops share.
struct ProxyShared {
  const Config& config;
  links::LinkTls link_tls;
  std::vector<std::shared_ptr<const LocalTls>> local_tls;  // as SessionContext's
  programs::Counters counters;
  // Their only member is 0: here each client is a member of its own, whose part `client_rates` holds down.
  offload::FairRoom connections;
  offload::FairRoom handshakes;
  offload::ClientRates client_rates;
  offload::FairRoom refusals;  // clients that are being told so
};

class EventLoop {
 public:
  explicit EventLoop(ProxyShared& shared);

  // Binds the listening sockets. Call it for every loop before any runs.
  Result<void> listen();

  // Runs until a drain has ended.
  void run();

  // From any thread: takes no new clients, lets those that are here finish until `kDrainTime` has passed,
  // then ends.
  void drain();

 private:
  struct Socket {
    const Listener* listener;
    net::Acceptor acceptor;
  };

  net::Task<> accept_clients(Socket& socket);
  net::Task<> serve(const Listener& listener, net::Socket client, offload::ClientAddress from,
                    offload::FairRoom::Place place);
  net::Task<> refuse(const Listener& listener, net::Socket client, offload::FairRoom::Place place);
  void note_refusal(const offload::ClientAddress& client);
  net::Task<> expire_sessions();
  net::Task<> finish();

  ProxyShared& shared_;
  offload::KeyStorePicker picker_;  // handshakes that the context still holds at its end refer to it
  asio::io_context context_{1};
  std::list<Socket> sockets_;
  links::KeyStores key_stores_;
  Bytes scratch_;
  SessionContext session_context_;
  std::list<Session> sessions_;
  bool draining_ = false;
};

}  // namespace baton::proxy
