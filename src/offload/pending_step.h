// One step of a handshake, or a signature, that is too slow for the event loop, on its way to a worker thread
// and back.
#pragma once

#include <memory>

namespace baton::offload {

class HandshakeService;
struct StepWork;

// A handle, cheap to copy; all copies are the same step. Every step that was taken must come back by
// HandshakeService::finish(), run or not: until then it counts as a handshake in flight.
class PendingStep {
 public:
  // Signs. On any one thread, at most once; the caller's queue must order it before finish(). Returns at once
  // when the handshake was cancelled in the meantime.
  void run();

 private:
  friend class HandshakeService;
  explicit PendingStep(std::shared_ptr<StepWork> work) : work_(std::move(work)) {}

  std::shared_ptr<StepWork> work_;
};

}  // namespace baton::offload
