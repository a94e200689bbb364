// The key store's end of a link, against a hostile application server: frames, ids, the service and its
// workers, over fake handshakes that do what the client's bytes say. Input: operations (see link_script.h);
// the low three bits say which.
#include "link_script.h"
#include "offload/fake_handshake.h"
#include "offload/fake_key.h"
#include "offload/handshake_service.h"

namespace {

using namespace baton;
using namespace baton::offload;

ServiceConfig make_config(std::shared_ptr<const handshake::ServerEndpoint> endpoint,
                          const bool& tenants_are_there) {
  ServiceConfig config;
  config.endpoint = std::move(endpoint);
  config.selector_for = [&tenants_are_there](const Open&) {
    return [&tenants_are_there](const handshake::ClientHelloInfo&) -> handshake::TenantChoice {
      if (tenants_are_there) return std::shared_ptr<const handshake::Tenant>();
      return handshake::SelectLater{};
    };
  };
  // Key 0... signs at once, key 2... with a worker; there are no others.
  config.signing.grant = [](const KeyDigest& key) -> tl::expected<SigningGrant, std::string> {
    static const auto kQuick = std::make_shared<test::FakeKey>(handshake::KeyKind::ecdsa_p256);
    static const auto kSlow = std::make_shared<test::FakeKey>(handshake::KeyKind::rsa);
    if (key == KeyDigest{}) return SigningGrant{kQuick, kServerKinds, "quick"};
    if (key == KeyDigest{2}) return SigningGrant{kSlow, kServerKinds, "slow"};
    return tl::unexpected<std::string>("no such key");
  };
  config.version = serialization::SerializationVersion::v1;
  config.link = fuzz::small_limits();
  config.hello = {"fuzz"};
  return config;
}

struct Run {
  bool tenants_are_there = false;
  std::shared_ptr<test::FakeEndpoint> endpoint = std::make_shared<test::FakeEndpoint>();
  HandshakeService service{make_config(endpoint, tenants_are_there)};
  std::vector<PendingStep> steps;
  TimePoint now{};

  void finish_step(bool run) {
    if (steps.empty()) return;
    if (run) steps.back().run();
    service.finish(steps.back(), now);
    steps.pop_back();
  }

  void run(const fuzz::Operation& operation) {
    switch (operation.code & 7) {
      case 0:
        now += std::chrono::milliseconds(operation.bytes.size() * 16);
        return service.expire(now);
      case 1:
        if (auto step = service.take_pending()) steps.push_back(*step);
        return;
      case 2:
        return finish_step(true);
      case 3:
        return finish_step(false);
      case 4:
        tenants_are_there = !operation.bytes.empty();
        return service.resume_tenants(now);
      case 5:
        return service.output_sent(
            std::min<std::size_t>(operation.bytes.size() * 16, service.output().size()));
      default:
        return static_cast<void>(service.receive(operation.bytes, now));
    }
  }

  void check() {
    fuzz::check_link(service.link());
    while (service.next_log_event()) continue;
    while (service.next_signing_event()) continue;
    while (service.next_news()) continue;
    // R9: nothing lives that is not accounted for.
    if (static_cast<std::size_t>(endpoint->alive) > service.held()) std::abort();
    if (service.held() > 2 * fuzz::small_limits().max_in_flight) std::abort();
    const HandshakeCounts& counts = service.counts();
    if (counts.established > counts.handed_off || counts.handed_off > counts.opened) std::abort();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run run;
  ByteReader script(ByteView(data, size));
  while (script.left() > 0) {
    run.run(fuzz::next_operation(script));
    run.check();
  }
  run.service.lose_link(run.now);
  while (!run.steps.empty()) run.finish_step(true);
  if (run.service.held() != 0 || run.endpoint->alive != 0) std::abort();
  return 0;
}
