// An application server's end of a link, joined in memory to a HandshakeService, with a clock that the test
// moves.
#pragma once

#include "offload/fake_handshake.h"
#include "offload/handshake_service.h"
#include "offload/link_pair.h"

namespace baton::offload::test {

struct ServicePair {
  explicit ServicePair(LinkLimits limits = {}, ServiceLimits service_limits = {}, Admission admission = {})
      : client({}, {"app 1"}), service(config(limits, service_limits, std::move(admission))) {
    pump();
    take_events(client);
  }

  ServiceConfig config(LinkLimits limits, ServiceLimits service_limits, Admission admission) {
    ServiceConfig result;
    result.endpoint = endpoint;
    result.selector_for = [this](const Open& open) {
      last_listener = open.listener;
      return handshake::TenantSelector([this](const handshake::ClientHelloInfo&) -> handshake::TenantChoice {
        if (tenants_are_there) return std::shared_ptr<const handshake::Tenant>();
        return handshake::SelectLater{};
      });
    };
    result.admission = std::move(admission);
    result.version = kV1;
    result.limits = service_limits;
    result.link = limits;
    result.hello = {"store 1"};
    return result;
  }

  bool pump(std::size_t size = SIZE_MAX) {
    while (!client.output().empty() || !service.output().empty()) {
      if (!client.output().empty() && !service.receive(take_output(client, size), now)) return false;
      if (!service.output().empty() && !client.receive(take_output(service, size))) return false;
    }
    return true;
  }

  HandshakeId open(std::string_view first_bytes, std::chrono::milliseconds deadline = {}) {
    OpenRequest request;
    request.listener = "https";
    request.deadline = deadline;
    request.trace_id = sample_open().trace_id;
    request.first_bytes.assign(first_bytes.begin(), first_bytes.end());
    const auto id = client.open(std::move(request));
    pump();
    return id ? *id : HandshakeId::link;
  }

  bool send(HandshakeId id, std::string_view bytes) {
    return client.client_bytes(id, as_bytes(bytes)).has_value() && pump();
  }

  // The text of all bytes for the client, in SERVER_BYTES, HANDOFF and FAILED; the last of the latter two is
  // kept.
  std::string server_text() {
    std::string text;
    for (ClientEvent& event : take_events(client)) {
      if (auto* bytes = std::get_if<Received<ServerBytes>>(&event)) text += as_text(bytes->body.bytes);
      if (auto* body = std::get_if<Received<Handoff>>(&event)) {
        text += as_text(body->body.server_bytes);
        handoff = std::move(*body);
      }
      if (auto* body = std::get_if<Received<Failed>>(&event)) {
        text += as_text(body->body.server_bytes);
        failed = std::move(*body);
      }
    }
    return text;
  }

  std::vector<LogEvent> log() {
    std::vector<LogEvent> events;
    while (auto event = service.next_log_event()) events.push_back(std::move(*event));
    return events;
  }

  // No handshake exists any more, at either end.
  bool is_empty() const {
    return client.in_flight() == 0 && service.link().in_flight() == 0 && service.held() == 0 &&
           endpoint->alive == 0 && !service.next_deadline();
  }

  std::shared_ptr<FakeEndpoint> endpoint = std::make_shared<FakeEndpoint>();
  bool tenants_are_there = false;
  std::string last_listener;
  TimePoint now{};
  LinkClient client;
  HandshakeService service;
  std::optional<Received<Handoff>> handoff;
  std::optional<Received<Failed>> failed;
};

}  // namespace baton::offload::test
