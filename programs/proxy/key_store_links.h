// Keeps a link to the key store warm for one event loop.
#pragma once

#include <memory>

#include "handshake/client.h"
#include "net/backoff.h"
#include "proxy/config.h"
#include "proxy/key_store_link.h"

namespace baton::proxy {

class KeyStoreLinks {
 public:
  // `tls` is null for a Unix socket.
  KeyStoreLinks(const asio::any_io_executor& executor, const KeyStore& config,
                std::shared_ptr<const handshake::ClientEndpoint> tls)
      : executor_(executor), config_(config), tls_(std::move(tls)), changed_(executor) {}

  // Connects, connects again with back-off when the link is lost, and replaces it every link_lifetime, since
  // its keys guard every secret handed over. Ends after stop().
  net::Task<> run();
  void stop();

  // Opens a handshake; waits a moment for a link when there is none.
  net::Task<Result<std::unique_ptr<RemoteHandshake>>> open(offload::OpenRequest request);

 private:
  using LinkPointer = std::shared_ptr<KeyStoreLink>;

  net::Task<Result<LinkPointer>> dial();
  net::Task<> keep(LinkPointer link);
  net::Task<bool> renew();
  net::Task<> use_current();
  bool usable() const { return current_ && current_->usable(); }

  asio::any_io_executor executor_;
  const KeyStore& config_;
  std::shared_ptr<const handshake::ClientEndpoint> tls_;
  LinkPointer current_;
  net::Signal changed_;  // something about the links is new
  unsigned live_ = 0;    // links that have not ended, also retired ones
  bool stopped_ = false;
};

}  // namespace baton::proxy
