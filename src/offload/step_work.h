// What a PendingStep carries. Private to the service.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "handshake/handshake.h"
#include "handshake/signing_key.h"
#include "offload/fair_room.h"
#include "offload/frames.h"

namespace baton::offload {

class HandshakeService;

// A signature for a handshake that is done elsewhere.
struct SignatureWork {
  std::shared_ptr<const handshake::SigningKey> key;
  std::uint16_t scheme;
  Bytes input;
  Result<Bytes> signature = fail(ErrorCode::crypto, "it was not made");
};

struct StepWork {
  const HandshakeService* owner = nullptr;  // null once it came back
  HandshakeId id = HandshakeId::link;
  bool taken = false;                    // by take_pending(); loop's thread only
  std::atomic<bool> abandoned{false};    // the handshake has ended: nobody needs the result
  std::optional<FairRoom::Place> place;  // of an abandoned handshake

  // The worker's, between take_pending() and finish(): one of the two.
  std::unique_ptr<handshake::Handshake> handshake;
  std::unique_ptr<SignatureWork> signature;
  bool ran = false;
  handshake::Progress progress = handshake::Progress::failed;
};

}  // namespace baton::offload
