// All key stores of the configuration, for one event loop.
#pragma once

#include <list>

#include "common/counters.h"
#include "offload/client_offload.h"
#include "proxy/config.h"
#include "proxy/key_store_links.h"

namespace baton::proxy {

class KeyStores final : public offload::KeyStoreSet, public offload::SigningKeyStoreSet {
 public:
  // `tls` is in the order of config.key_stores; null for a Unix socket. `picker` is of make_picker(), and
  // outlives every handshake.
  KeyStores(const asio::any_io_executor& executor, const Config& config,
            std::span<const std::shared_ptr<const handshake::ClientEndpoint>> tls,
            offload::KeyStorePicker& picker, programs::Counters& counters);

  static offload::KeyStorePicker make_picker(const Config& config);

  // Keeps a link to each, until stop().
  void start();
  void stop();

  Result<std::unique_ptr<offload::RemoteHandshake>> open(offload::KeyStoreIndex store,
                                                         offload::OpenRequest request,
                                                         std::function<void()> on_news) override;

  Result<std::unique_ptr<offload::AwaitedSignature>> sign(offload::KeyStoreIndex store, offload::Sign request,
                                                          std::function<void()> on_news) override;

  offload::KeyStorePicker& picker() { return picker_; }
  // Its address, for logs.
  const std::string& name(offload::KeyStoreIndex store) const { return links_[store]->name(); }

 private:
  asio::any_io_executor executor_;
  offload::KeyStorePicker& picker_;
  std::vector<std::unique_ptr<KeyStoreLinks>> links_;
};

}  // namespace baton::proxy
