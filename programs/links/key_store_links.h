// Keeps a link to one key store warm, for one event loop.
#pragma once

#include <memory>

#include "handshake/client.h"
#include "links/key_store_link.h"
#include "net/backoff.h"
#include "net/endpoint.h"

namespace baton::links {

class KeyStoreLinks {
 public:
  // What others want to know of the links.
  struct Watcher {
    std::function<void(bool)> on_usable;  // whether a link takes new handshakes
    std::function<void(std::chrono::microseconds)> on_pong;
    std::function<void()> on_silent;  // a link has become so
  };

  // `tls` is null for a Unix socket. A link is replaced after `lifetime`, since its keys guard every secret
  // handed over.
  KeyStoreLinks(const asio::any_io_executor& executor, net::Endpoint address,
                std::shared_ptr<const handshake::ClientEndpoint> tls, std::chrono::milliseconds lifetime,
                std::string program, Watcher watcher);

  // Connects, and connects again with back-off when the link is lost. Ends after stop().
  net::Task<> run();
  void stop();

  // Errors: io (there is no link now), and those of LinkClient::open().
  Result<std::unique_ptr<offload::RemoteHandshake>> open(offload::OpenRequest request,
                                                         std::function<void()> on_news);

  // Errors: io (there is no link now), and those of LinkClient::sign().
  Result<std::unique_ptr<offload::AwaitedSignature>> sign(offload::Sign request,
                                                          std::function<void()> on_news);

  // Why it cannot be asked, by name: the last attempt to have a link has failed, or the link is silent.
  std::optional<std::string> away() const;

  // Its address, for logs.
  const std::string& name() const { return name_; }

 private:
  using LinkPointer = std::shared_ptr<KeyStoreLink>;

  net::Task<Result<LinkPointer>> dial();
  net::Task<> keep(LinkPointer link);
  net::Task<bool> renew();
  net::Task<> use_current();
  bool usable() const { return current_ && current_->usable(); }
  bool has_link() const { return current_ && current_->alive(); }
  void changed();

  asio::any_io_executor executor_;
  net::Endpoint address_;
  std::string name_;
  std::shared_ptr<const handshake::ClientEndpoint> tls_;
  std::chrono::milliseconds lifetime_;
  std::string program_;
  Watcher watcher_;
  LinkPointer current_;
  net::Signal changed_;                      // something about the links is new
  unsigned live_ = 0;                        // links that have not ended, also retired ones
  std::optional<std::string> last_failure_;  // of the last attempt to have a link
  std::string link_end_ = "the link ended";  // why the last one did
  bool silent_ = false;                      // the current link is, as far as the log knows
  bool failed_ = false;                      // since the last link came up, as the log has told
  bool stopped_ = false;
};

}  // namespace baton::links
