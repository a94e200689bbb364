// How a serialized connection is protected while it travels or rests.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "baton/claim_store.h"
#include "baton/export.h"
#include "baton/key_ring.h"

namespace baton {

// Whom and what a Seal is for.
struct BATON_EXPORT SealOptions {
  // Who may open: sealing and opening sides must name the same. For example a cluster or a service. At most
  // 255 bytes, not empty.
  std::string audience{};
  // What for, so that an envelope made for one use is refused at another: "handover", "restart", "park". At
  // most 255 bytes, not empty.
  std::string purpose{};
  // How long an envelope may be opened, from its sealing on: 1 second to 365 days. Short is safe: it bounds
  // what a thief of the key ring can still use, and what the claim store must remember.
  std::chrono::seconds lifetime{60};
  // How far the sealing machine's clock may be ahead of ours; beyond is `not_yet_valid`. 0 to 1 hour.
  std::chrono::seconds max_clock_skew{30};
};

// Seals connections into envelopes and opens them (docs/sealed-connections.md): AES-256-GCM under a key
// derived afresh for each envelope, bound to audience, purpose, role and expiry, padded, and opened once.
//
// Immutable, cheap to copy, and safe to share between threads when its claim store is. A key ring that has
// changed makes a new Seal; keep the claim store.
class BATON_EXPORT Seal {
 public:
  // Takes the ring, also when it fails. `claims` must not be null. Error: invalid_argument, also for a ring
  // that was moved from.
  static Result<Seal> create(KeyRing keys, std::shared_ptr<ClaimStore> claims, SealOptions options);

  // What it was made of.
  const KeyRing& keys() const { return *keys_; }
  ClaimStore& claims() const { return *claims_; }
  const SealOptions& options() const { return *options_; }

 private:
  Seal(KeyRing keys, std::shared_ptr<ClaimStore> claims, SealOptions options);

  std::shared_ptr<const KeyRing> keys_;
  std::shared_ptr<ClaimStore> claims_;
  std::shared_ptr<const SealOptions> options_;
};

}  // namespace baton
