#include "baton/claim_store.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <queue>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/test_hooks.h"

namespace baton {
namespace {

// Ids are random, so their first bytes are as good as any hash of them.
struct FirstBytes {
  std::size_t operator()(const ClaimId& id) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, id.data(), sizeof hash);
    return hash;
  }
};

struct Expiry {
  UnixTime at;
  ClaimId id;
};

struct ExpiresLater {
  bool operator()(const Expiry& a, const Expiry& b) const { return a.at > b.at; }
};

}  // namespace

struct MemoryClaimStore::Ids {
  explicit Ids(std::size_t most) : capacity(most) {}

  // Each id is forgotten once, so this costs a claim little on average.
  void forget_expired() {
    while (!expiries.empty() && expiries.top().at <= latest) {
      spent.erase(expiries.top().id);
      expiries.pop();
    }
  }

  const std::size_t capacity;
  mutable std::mutex mutex;  // over all that follows
  // The latest time seen. A clock that is set back must not make an id usable that was forgotten since.
  UnixTime latest = UnixTime::min();
  std::unordered_set<ClaimId, FirstBytes> spent;
  std::priority_queue<Expiry, std::vector<Expiry>, ExpiresLater> expiries;  // of `spent`, next one on top
};

MemoryClaimStore::MemoryClaimStore(std::size_t capacity) : ids_(std::make_unique<Ids>(capacity)) {}

MemoryClaimStore::~MemoryClaimStore() = default;

Result<void> MemoryClaimStore::claim(const ClaimId& id, UnixTime expires_at, UnixTime now) {
  const std::lock_guard lock(ids_->mutex);
  ids_->latest = std::max(ids_->latest, now);
  ids_->forget_expired();
  if (expires_at <= now) return fail(ErrorCode::expired, "the single-use id has expired");
  if (expires_at <= ids_->latest) {
    return fail(ErrorCode::expired,
                "the single-use id had expired before the clock was set back; check this machine's clock");
  }
  if (ids_->spent.contains(id) && !test_hooks::mutant_is(test_hooks::Mutant::claim_twice)) {
    return fail(ErrorCode::already_claimed, "the single-use id " + to_hex(id) + " was spent before");
  }
  if (ids_->spent.size() >= ids_->capacity) {
    return fail(ErrorCode::limit_exceeded,
                "the claim store is full with " + std::to_string(ids_->capacity) +
                    " unexpired ids; give it more room, or envelopes a shorter lifetime");
  }
  ids_->spent.insert(id);
  ids_->expiries.push({expires_at, id});
  return {};
}

std::size_t MemoryClaimStore::size() const {
  const std::lock_guard lock(ids_->mutex);
  return ids_->spent.size();
}

}  // namespace baton
