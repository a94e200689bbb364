// Both ends of a link, joined in memory.
#pragma once

#include <algorithm>
#include <vector>

#include "offload/link_client.h"
#include "offload/link_server.h"
#include "offload/sample_frames.h"

namespace baton::offload::test {

inline constexpr auto kV1 = serialization::SerializationVersion::v1;

// Takes what `from` has to send, at most `size` bytes.
template <class From>
Bytes take_output(From& from, std::size_t size = SIZE_MAX) {
  const ByteView output = from.output();
  const ByteView part = output.first(std::min(size, output.size()));
  Bytes bytes(part.begin(), part.end());
  from.output_sent(bytes.size());
  return bytes;
}

// Gives a frame to an end as if the peer had sent it.
template <class To>
Result<void> inject(To& to, HandshakeId id, FrameBody body) {
  return to.receive(encoded({id, std::move(body)}));
}

template <class End>
auto take_events(End& end) {
  std::vector<typename decltype(end.next_event())::value_type> events;
  while (auto event = end.next_event()) events.push_back(std::move(*event));
  return events;
}

// The only event; a default one (and a failure in the test's value checks) when there is another number of
// them.
template <class Event, class End>
std::optional<Event> only_event(End& end) {
  auto events = take_events(end);
  if (events.size() != 1 || !std::holds_alternative<Event>(events[0])) return std::nullopt;
  return std::move(std::get<Event>(events[0]));
}

// The code of the LINK_ERROR that ends this output.
template <class End>
std::optional<LinkErrorCode> link_error_of(End& end) {
  const Bytes output = take_output(end);
  FrameDecoder decoder(kMaxFramePayload, FrameDecoder::First::any);
  ByteView rest = output;
  std::optional<LinkErrorCode> last;
  while (true) {
    auto frame = decoder.next(rest);
    if (!frame || !*frame) return last;
    const auto* error = std::get_if<LinkError>(&(*frame)->body);
    last = error != nullptr ? std::optional(error->code) : std::nullopt;
  }
}

struct LinkPair {
  explicit LinkPair(LinkLimits client_limits = {}, LinkLimits server_limits = {})
      : client(client_limits, {"app 1"}), server(server_limits, {"store 1"}, kV1) {}

  // Carries all bytes both ways, `size` at a time, until both are silent. False on a protocol error.
  bool pump(std::size_t size = SIZE_MAX) {
    while (!client.output().empty() || !server.output().empty()) {
      if (!client.output().empty() && !server.receive(take_output(client, size))) return false;
      if (!server.output().empty() && !client.receive(take_output(server, size))) return false;
    }
    return true;
  }

  // Past the HELLOs, with the events taken.
  void connect() {
    pump();
    take_events(client);
    take_events(server);
  }

  // A handshake that both ends know.
  HandshakeId open(Bytes first_bytes = {22}) {
    OpenRequest request;
    request.listener = "https";
    request.first_bytes = std::move(first_bytes);
    const auto id = client.open(std::move(request));
    pump();
    take_events(server);
    return id ? *id : HandshakeId::link;
  }

  LinkClient client;
  LinkServer server;
};

}  // namespace baton::offload::test
