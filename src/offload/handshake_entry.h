// One handshake of a HandshakeService. Private to the service.
#pragma once

#include "offload/handshake_service.h"
#include "offload/step_work.h"

namespace baton::offload {

enum class Stage { running, waits_for_tenant, with_worker, handed_off };

struct HandshakeService::Entry {
  ClientAddress client;
  std::string listener;
  TraceId trace_id{};

  Stage stage = Stage::running;
  std::unique_ptr<handshake::Handshake> handshake;  // null while with a worker, and after the handoff
  std::shared_ptr<StepWork> step;                   // while with a worker
  std::optional<FairRoom::Place> place;             // until the handoff
  handshake::Summary summary;                       // kept when the handshake is gone
  Bytes queued;                                     // client bytes that came while it could not take them

  std::uint64_t received = 0;  // bytes of the client's stream
  std::uint64_t reported = 0;  // `consumed`, as last told
  bool sent_server_bytes = false;

  TimePoint opened;
  TimePoint deadline;
  TimePoint client_deadline;  // until when the application server waits for its client
  TimePoint pending_since;
  std::chrono::microseconds pending{0};

  void end_pending(TimePoint now) {
    pending += std::chrono::duration_cast<std::chrono::microseconds>(now - pending_since);
    stage = Stage::running;
  }
};

}  // namespace baton::offload
