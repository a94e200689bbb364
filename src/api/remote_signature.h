// What stands behind RemoteSignature.
#pragma once

#include "api/link_to_key_store.h"
#include "baton/signing.h"

namespace baton {

struct RemoteSignature::Inside {
  std::unique_ptr<offload::AwaitedSignature> awaited;
};

// See LinkToKeyStore::sign().
Result<RemoteSignature> ask_for_signature(LinkToKeyStore::Inside& link, SigningRequest request);

}  // namespace baton
