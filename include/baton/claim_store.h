// Where single-use ids are spent, so that a sealed connection is opened once (R1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "baton/error.h"
#include "baton/export.h"
#include "baton/types.h"

namespace baton {

// Random, one for each envelope.
using ClaimId = std::array<std::uint8_t, 16>;

// All processes that may open the same envelopes must ask the same store, or stores that agree: two stores
// that do not know of each other let one connection live twice, which repeats nonces.
//
// For implementers: claim() is called once the envelope has been decrypted and has passed every other check,
// and before any key is built. It may block; it is called on the thread that deserializes. A store that
// cannot tell (no answer, no room, a lost disk) returns an error, and the connection is refused: never assume
// that an id is free. An id may be forgotten only when `expires_at` has passed by the store's own clock, one
// that does not run backwards; and by that same clock the store refuses every claim whose `expires_at` is not
// still to come, whether it has seen the id or not. The caller's `now` is no substitute: a caller whose clock
// is slow would otherwise spend an id again that the store has just forgotten.
class BATON_EXPORT ClaimStore {
 public:
  ClaimStore() = default;
  ClaimStore(const ClaimStore&) = delete;
  ClaimStore& operator=(const ClaimStore&) = delete;
  virtual ~ClaimStore() = default;

  // Spends `id`: of all calls with the same id, from any number of threads, exactly one succeeds. Errors:
  // already_claimed; expired, when `expires_at` is not after `now` or after the latest time that the store
  // has seen; limit_exceeded, io: the store cannot say. Thread-safe.
  [[nodiscard]] virtual Result<void> claim(const ClaimId& id, UnixTime expires_at, UnixTime now) = 0;
};

// In the memory of this process: for handing connections from process to process where only this one opens
// them, and for tests. It forgets with the process; a restart within the lifetime of envelopes makes them
// usable again.
class BATON_EXPORT MemoryClaimStore final : public ClaimStore {
 public:
  // `capacity`: most ids remembered at one time. When all of them are unexpired, further claims are refused
  // with limit_exceeded. About 80 bytes each.
  explicit MemoryClaimStore(std::size_t capacity = std::size_t{1} << 20);
  ~MemoryClaimStore() override;

  [[nodiscard]] Result<void> claim(const ClaimId& id, UnixTime expires_at, UnixTime now) override;

  // Ids remembered now.
  std::size_t size() const;

 private:
  struct Ids;
  std::unique_ptr<Ids> ids_;
};

}  // namespace baton
