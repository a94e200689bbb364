// One event loop of the key store: its listening sockets and its links.
#pragma once

#include <asio/io_context.hpp>
#include <list>
#include <memory>
#include <set>

#include "keystore/link_session.h"
#include "net/listen.h"

namespace baton::keystore {

// A Unix socket can only be listened on once, so one loop has them.
enum class UnixSockets { listen, leave };

class EventLoop {
 public:
  explicit EventLoop(KeyStoreShared& shared) : shared_(shared) {}

  // Binds the listening sockets. Call it for every loop before any runs.
  Result<void> listen(UnixSockets unix_sockets);

  // Runs until a drain has ended.
  void run();

  // From any thread: says go-away on every link and ends when all handshakes have, or after `kDrainTime`.
  void drain();

 private:
  net::Task<> accept_links(net::Acceptor& acceptor);
  net::Task<> serve(std::shared_ptr<LinkSession> link);
  net::Task<> finish();

  KeyStoreShared& shared_;
  asio::io_context context_{1};
  std::list<net::Acceptor> acceptors_;
  std::set<std::shared_ptr<LinkSession>> links_;
  bool draining_ = false;
};

}  // namespace baton::keystore
