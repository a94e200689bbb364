// The thread that keeps the links of one process to its key stores, and asks for signatures over them.
#pragma once

#include <asio/io_context.hpp>
#include <mutex>
#include <set>
#include <thread>

#include "handshake/provider/answer.h"
#include "links/key_stores.h"
#include "offload/signature_offload.h"
#include "provider_module/config.h"

namespace baton::provider_module {

class LinkThread {
 public:
  // Starts. Both arguments must outlive it.
  LinkThread(const Config& config, const links::LinkTls& tls);
  LinkThread(const LinkThread&) = delete;
  LinkThread& operator=(const LinkThread&) = delete;
  // Ends at once; what is still asked has no answer.
  ~LinkThread();

  // From any thread. The request's deadline is that of the configuration.
  void ask(offload::Sign request, std::shared_ptr<provider::Answer> answer);

 private:
  net::Task<> serve(offload::Sign request, std::shared_ptr<provider::Answer> answer);

  const Config& config_;
  programs::Counters counters_;
  offload::KeyStorePicker picker_;  // signatures that the context still holds at its end refer to it
  std::mutex mutex_;
  std::set<std::shared_ptr<provider::Answer>> asked_;  // and not answered; guarded by mutex_
  asio::io_context context_{1};
  links::KeyStores key_stores_;
  std::thread thread_;
};

}  // namespace baton::provider_module
