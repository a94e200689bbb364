// The application server's end of a link, against a hostile key store.
// Input: operations (see link_script.h); the low three bits say which.
#include <map>
#include <set>

#include "link_script.h"
#include "offload/link_client.h"

namespace {

using namespace baton;
using namespace baton::offload;

// What the key store told of one handshake. Checks that no event comes out of turn.
struct Seen {
  std::uint64_t sent = 0;
  std::uint64_t consumed = 0;
  bool handed_off = false;
};
using Handshakes = std::map<HandshakeId, Seen>;

// What is under way: handshakes, and the signatures that were asked for.
struct UnderWay {
  Handshakes handshakes;
  std::set<HandshakeId> signatures;
};

template <class Body>
void check(UnderWay& under_way, const Received<Body>& event) {
  Handshakes& handshakes = under_way.handshakes;
  const auto found = handshakes.find(event.id);
  if (found == handshakes.end() || found->second.handed_off) std::abort();
  if (event.body.consumed < found->second.consumed || event.body.consumed > found->second.sent) std::abort();
  found->second.consumed = event.body.consumed;
  if constexpr (std::is_same_v<Body, Handoff>) {
    if (event.body.serialized.empty()) std::abort();
    found->second.handed_off = true;
  }
  if constexpr (std::is_same_v<Body, Failed>) handshakes.erase(found);
}

// A signature ends with its answer.
void check(UnderWay& under_way, const Received<Signature>& event) {
  if (event.body.signature.empty() || under_way.signatures.erase(event.id) != 1) std::abort();
}
void check(UnderWay& under_way, const Received<SignRefused>& event) {
  if (under_way.signatures.erase(event.id) != 1) std::abort();
}

void check(UnderWay& /*under_way*/, const Hello& /*event*/) {}
void check(UnderWay& /*under_way*/, const Pong& /*event*/) {}
void check(UnderWay& /*under_way*/, const GoAway& /*event*/) {}
void check(UnderWay& /*under_way*/, const LinkError& /*event*/) {}

void open(LinkClient& link, Handshakes& handshakes, ByteView bytes) {
  OpenRequest request;
  request.first_bytes.assign(bytes.begin(), bytes.end());
  const auto id = link.open(std::move(request));
  if (id) handshakes[*id].sent = bytes.size();
}

void sign(LinkClient& link, UnderWay& under_way, ByteView input) {
  Sign request;
  request.input.assign(input.begin(), input.end());
  if (const auto id = link.sign(std::move(request))) under_way.signatures.insert(*id);
}

void run(LinkClient& link, UnderWay& under_way, const fuzz::Operation& operation) {
  Handshakes& handshakes = under_way.handshakes;
  const auto id = static_cast<HandshakeId>(operation.code >> 3);
  switch (operation.code & 7) {
    case 0:
      return open(link, handshakes, operation.bytes);
    case 1:
      if (link.client_bytes(id, operation.bytes)) handshakes.at(id).sent += operation.bytes.size();
      return;
    case 2:
      link.cancel(id, CancelReason::client_gone);
      handshakes.erase(id);
      under_way.signatures.erase(id);
      return;
    case 3:
      if (link.report(id, {})) handshakes.erase(id);
      return;
    case 4:
      return static_cast<void>(link.ping());
    case 5:
      return link.output_sent(std::min<std::size_t>(operation.bytes.size() * 16, link.output().size()));
    case 6:
      return sign(link, under_way, operation.bytes);
    default:
      return static_cast<void>(link.receive(operation.bytes));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  LinkClient link(fuzz::small_limits(), {"fuzz"});
  UnderWay under_way;
  ByteReader script(ByteView(data, size));
  while (script.left() > 0) {
    run(link, under_way, fuzz::next_operation(script));
    fuzz::check_link(link);
    while (auto event = link.next_event()) {
      std::visit([&under_way](const auto& value) { check(under_way, value); }, *event);
    }
    if (link.in_flight() != under_way.handshakes.size() + under_way.signatures.size()) std::abort();
  }
  return 0;
}
