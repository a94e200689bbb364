// All key stores of the configuration, for one event loop.
#pragma once

#include <list>

#include "common/counters.h"
#include "common/log_throttle.h"
#include "links/config.h"
#include "links/key_store_links.h"
#include "offload/client_offload.h"

namespace baton::links {

class KeyStores final : public offload::KeyStoreSet, public offload::SigningKeyStoreSet {
 public:
  // `tls` is of make_link_tls(). `picker` is of make_picker(), and outlives every handshake and signature.
  // `program` is what the key stores' logs call this one.
  KeyStores(const asio::any_io_executor& executor, const Config& config, const LinkTls& tls,
            offload::KeyStorePicker& picker, const std::string& program, programs::Counters& counters);

  static offload::KeyStorePicker make_picker(const Config& config);

  // Keeps a link to each, until stop().
  void start();
  void stop();

  Result<std::unique_ptr<offload::RemoteHandshake>> open(offload::KeyStoreIndex store,
                                                         offload::OpenRequest request,
                                                         std::function<void()> on_news) override;

  Result<std::unique_ptr<offload::AwaitedSignature>> sign(offload::KeyStoreIndex store, offload::Sign request,
                                                          std::function<void()> on_news) override;

  std::optional<std::string> away() const override;

  // Counts attempts that have failed, and logs as many of them as a flood of them allows.
  void note(const std::vector<offload::FailedAttempt>& attempts, const offload::TraceId& trace_id);

  offload::KeyStorePicker& picker() { return picker_; }
  // Its address, for logs.
  const std::string& name(offload::KeyStoreIndex store) const { return links_[store]->name(); }

 private:
  asio::any_io_executor executor_;
  offload::KeyStorePicker& picker_;
  programs::Counters& counters_;
  programs::LogThrottle attempts_;  // that have failed
  std::vector<std::unique_ptr<KeyStoreLinks>> links_;
};

}  // namespace baton::links
