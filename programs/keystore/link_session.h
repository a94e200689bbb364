// One link from an application server: who it is, and the handshakes that it brings.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "common/counters.h"
#include "common/log_throttle.h"
#include "keystore/admission.h"
#include "keystore/config.h"
#include "keystore/newcomers.h"
#include "keystore/signing_keys.h"
#include "keystore/tenants.h"
#include "keystore/worker_queue.h"
#include "net/signal.h"
#include "net/stream.h"
#include "offload/handshake_service.h"

namespace baton::keystore {

// An application server of the configuration, ready for use.
struct Authorized {
  std::size_t index;  // in config.application_servers
  std::string name;   // for logs: the certificate's name, or "uid 1000"
  std::shared_ptr<const offload::NameSet> names;
};

// What all links of the process share. Immutable, or for any thread.
struct KeyStoreShared {
  const Config& config;
  std::shared_ptr<const handshake::ServerEndpoint> endpoint;       // for clients
  std::shared_ptr<const handshake::ServerEndpoint> link_endpoint;  // for links over TCP; may be null
  std::shared_ptr<const handshake::Tenant> link_tenant;
  std::shared_ptr<const Tenants> tenants;
  std::shared_ptr<const SigningKeys> signing_keys;
  std::vector<Authorized> application_servers;  // in the order of config.application_servers
  programs::Counters counters;
  WorkerQueue workers;
  Newcomers newcomers;
  offload::FairRoom links;  // of the application servers
  Admission admission;
  std::deque<programs::LogThrottle> refusals;  // of handshakes, by application server
  programs::LogThrottle refused_links{};
};

class LinkSession : public std::enable_shared_from_this<LinkSession> {
 public:
  LinkSession(KeyStoreShared& shared, net::Socket socket, Newcomers::Place newcomer);

  // The whole life of the link.
  net::Task<> run();

  // Takes no new handshakes; ends when those that run have ended.
  void drain();
  // Ends it now.
  void close();

 private:
  // Who it is, with a place among the links.
  net::Task<Result<const Authorized*>> enter();
  net::Task<Result<const Authorized*>> authenticate();
  net::Task<Result<const Authorized*>> authenticate_certificate();
  Result<const Authorized*> authenticate_user();
  const Authorized* find_certificate(const std::vector<std::string>& names) const;
  offload::ServiceConfig service_config(const Authorized& application_server) const;
  offload::SigningConfig signing_config(const Authorized& application_server) const;

  net::Task<> refuse(const std::string& why);
  net::Task<> say_farewell();

  net::Task<Result<void>> receive();
  net::Task<Result<void>> send();
  net::Task<Result<void>> watch_deadlines();
  net::Task<Result<void>> watch_peer();

  void after_service_call();
  void publish();
  void hand_to_workers();
  void log_news();
  bool finished() const;

  KeyStoreShared& shared_;
  asio::any_io_executor executor_;
  net::Socket socket_;  // until it becomes the stream
  std::string address_;
  std::optional<Newcomers::Place> newcomer_;       // until it has shown who it is
  std::optional<offload::FairRoom::Place> place_;  // from then on
  std::unique_ptr<net::Stream> stream_;
  const Authorized* application_server_ = nullptr;
  std::optional<offload::HandshakeService> service_;
  net::Signal wake_;       // output may be there
  net::Signal room_;       // output was sent
  net::Signal deadlines_;  // the next deadline may have changed
  std::chrono::steady_clock::time_point last_received_ = std::chrono::steady_clock::now();
  std::string end_reason_;  // for the log
  bool draining_ = false;
  bool peer_goes_away_ = false;
  bool closed_ = false;
};

}  // namespace baton::keystore
