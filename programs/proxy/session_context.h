// What the sessions of one event loop share.
#pragma once

#include <memory>
#include <span>

#include "common/counters.h"
#include "common/log_throttle.h"
#include "links/key_stores.h"
#include "offload/fair_room.h"
#include "proxy/config.h"

namespace baton::proxy {

struct SessionContext {
  const Config& config;
  links::KeyStores& key_stores;
  programs::Counters& counters;
  offload::FairRoom& handshakes;  // of all event loops; its only member is 0
  MutableBytes scratch;           // see Relay
  // In the order of config.listeners; null where key stores do the handshakes.
  std::span<const std::shared_ptr<const LocalTls>> local_tls;
  programs::LogThrottle refusals{};
};

}  // namespace baton::proxy
