#include "links/key_stores.h"

#include <random>

#include "common/log.h"
#include "net/spawn.h"

namespace baton::links {
namespace {

using offload::KeyStoreIndex;

}  // namespace

offload::KeyStorePicker KeyStores::make_picker(const Config& config) {
  std::vector<unsigned> tiers;
  for (const KeyStore& key_store : config.key_stores) tiers.push_back(key_store.tier);
  return {tiers, std::random_device{}()};
}

KeyStores::KeyStores(const asio::any_io_executor& executor, const Config& config, const LinkTls& tls,
                     offload::KeyStorePicker& picker, const std::string& program,
                     programs::Counters& counters)
    : executor_(executor), picker_(picker), counters_(counters) {
  for (KeyStoreIndex i = 0; i < config.key_stores.size(); ++i) {
    const KeyStoreLinks::Watcher watcher{
        [this, i](bool usable) { picker_.set_usable(i, usable); },
        [this, i](std::chrono::microseconds round_trip) { picker_.pinged(i, round_trip); },
        [this] { counters_.get("links_silent").add(); }};
    links_.push_back(std::make_unique<KeyStoreLinks>(executor, config.key_stores[i].address, tls[i],
                                                     config.lifetime, program, watcher));
  }
  picker_.set_on_ejection([this](KeyStoreIndex store, std::chrono::milliseconds time) {
    counters_.get("key_stores_ejected").add();
    programs::log_event(programs::LogLevel::warning, "key_store_ejected",
                        {{"key_store", name(store)},
                         {"ms", static_cast<std::int64_t>(time.count())},
                         {"reason", "it failed several times in a row"}});
  });
}

void KeyStores::start() {
  for (const auto& links : links_) net::spawn(executor_, links->run());
}

void KeyStores::stop() {
  for (const auto& links : links_) links->stop();
}

Result<std::unique_ptr<offload::RemoteHandshake>> KeyStores::open(KeyStoreIndex store,
                                                                  offload::OpenRequest request,
                                                                  std::function<void()> on_news) {
  return links_[store]->open(std::move(request), std::move(on_news));
}

Result<std::unique_ptr<offload::AwaitedSignature>> KeyStores::sign(KeyStoreIndex store, offload::Sign request,
                                                                   std::function<void()> on_news) {
  return links_[store]->sign(std::move(request), std::move(on_news));
}

void KeyStores::note(const std::vector<offload::FailedAttempt>& attempts, const offload::TraceId& trace_id) {
  for (const offload::FailedAttempt& attempt : attempts) {
    counters_.get("attempts_failed").add();
    if (!attempts_.admit(std::chrono::steady_clock::now())) continue;
    const std::string trace = to_hex(trace_id);
    programs::log_event(programs::LogLevel::info, "attempt_failed",
                        {{"trace", trace}, {"key_store", name(attempt.store)}, {"reason", attempt.reason}});
  }
}

std::optional<std::string> KeyStores::away() const {
  std::string why;
  for (const auto& links : links_) {
    const std::optional<std::string> one = links->away();
    if (!one) return std::nullopt;
    why += (why.empty() ? "" : "; ") + *one;
  }
  return why;
}

}  // namespace baton::links
