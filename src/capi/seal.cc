#include "baton/seal.h"

#include "capi/arguments.h"
#include "capi/guard.h"
#include "capi/handles.h"

namespace baton::capi {
namespace {

// What a claim store says; all but what it may say counts as "it cannot tell".
ErrorCode code_of(int status) {
  if (status == BATON_ALREADY_CLAIMED) return ErrorCode::already_claimed;
  return status == BATON_EXPIRED ? ErrorCode::expired : ErrorCode::io;
}

// A store of the program's own.
class CallbackClaimStore final : public ClaimStore {
 public:
  CallbackClaimStore(baton_claim spend, void (*destroy)(void*), void* argument)
      : claim_(spend), destroy_(destroy), argument_(argument) {}
  CallbackClaimStore(const CallbackClaimStore&) = delete;
  CallbackClaimStore& operator=(const CallbackClaimStore&) = delete;
  ~CallbackClaimStore() override {
    if (destroy_ != nullptr) destroy_(argument_);
  }

  Result<void> claim(const ClaimId& id, UnixTime expires_at, UnixTime now) override {
    const int status = claim_(argument_, id.data(), seconds_of(expires_at), seconds_of(now));
    if (status == BATON_OK) return {};
    return fail(code_of(status), std::string("the claim store says ") + baton_status_name(status));
  }

 private:
  baton_claim claim_;
  void (*destroy_)(void*);
  void* argument_;
};

// A ring is copied by its text, the only form that leaves it.
Result<KeyRing> copy_of(const KeyRing& ring) {
  return KeyRing::parse_unprotected(ring.to_text_unprotected(), "key ring");
}

int state_number(KeyState state) {
  switch (state) {
    case KeyState::next:
      return BATON_KEY_NEXT;
    case KeyState::current:
      return BATON_KEY_CURRENT;
    case KeyState::previous:
      break;
  }
  return BATON_KEY_PREVIOUS;
}

}  // namespace
}  // namespace baton::capi

using namespace baton;
using namespace baton::capi;

baton_status baton_key_ring_new(int64_t now, baton_key_ring** ring) {
  return guarded({needed(ring, "ring")}, [&] { return give(ring, KeyRing::create(time_of(now))); });
}

baton_status baton_key_ring_parse_unprotected(const uint8_t* text, size_t size, const char* source,
                                              baton_key_ring** ring) {
  return guarded({bytes(text, size, "text"), needed(ring, "ring")}, [&] {
    return give(ring, KeyRing::parse_unprotected({text, size}, source != nullptr ? source : "the key ring"));
  });
}

baton_status baton_key_ring_to_text_unprotected(const baton_key_ring* ring, baton_bytes** text) {
  return guarded({needed(ring, "ring"), needed(text, "text")},
                 [&] { return give(text, Result<SecretBuffer>(ring->value.to_text_unprotected())); });
}

baton_status baton_key_ring_rotate(baton_key_ring* ring, int64_t now) {
  return guarded({needed(ring, "ring")}, [&] { return ring->value.rotate(time_of(now)); });
}

baton_status baton_key_ring_retire(baton_key_ring* ring, const char* id) {
  return guarded({needed(ring, "ring"), needed(id, "id")}, [&] { return ring->value.retire(id); });
}

const char* baton_key_ring_key(baton_key_ring* ring, size_t index, int* state, int64_t* created) {
  if (ring == nullptr) return nullptr;
  return shielded<const char*>(nullptr, [&]() -> const char* {
    const std::vector<KeyInfo> keys = ring->value.keys();
    if (index >= keys.size()) return nullptr;
    ring->id = keys[index].id;
    if (state != nullptr) *state = state_number(keys[index].state);
    if (created != nullptr) *created = seconds_of(keys[index].created);
    return ring->id.c_str();
  });
}

void baton_key_ring_free(baton_key_ring* ring) {
  delete ring;
}

baton_status baton_claims_new_memory(size_t capacity, baton_claims** claims) {
  return guarded({needed(claims, "claims")}, [&]() -> Result<void> {
    *claims = new baton_claims{capacity == 0 ? std::make_shared<MemoryClaimStore>()
                                             : std::make_shared<MemoryClaimStore>(capacity)};
    return {};
  });
}

baton_status baton_claims_new(baton_claim claim, void (*destroy)(void* argument), void* argument,
                              baton_claims** claims) {
  return guarded({{claim == nullptr, "claim"}, needed(claims, "claims")}, [&]() -> Result<void> {
    *claims = new baton_claims{std::make_shared<CallbackClaimStore>(claim, destroy, argument)};
    return {};
  });
}

void baton_claims_free(baton_claims* claims) {
  delete claims;
}

baton_status baton_seal_new(const baton_key_ring* ring, const baton_claims* claims, const char* audience,
                            const char* purpose, int64_t lifetime, int64_t max_clock_skew,
                            baton_seal** seal) {
  return guarded({needed(ring, "ring"), needed(claims, "claims"), needed(audience, "audience"),
                  needed(purpose, "purpose"), needed(seal, "seal")},
                 [&]() -> Result<void> {
                   auto keys = copy_of(ring->value);
                   if (!keys) return pass_on(keys);
                   SealOptions options;
                   options.audience = audience;
                   options.purpose = purpose;
                   options.lifetime = std::chrono::seconds(lifetime);
                   options.max_clock_skew = std::chrono::seconds(max_clock_skew);
                   return give(seal, Seal::create(std::move(*keys), claims->value, std::move(options)));
                 });
}

void baton_seal_free(baton_seal* seal) {
  delete seal;
}
