// What the provider knows of a key. Private to this room.
#pragma once

#include <memory>

#include "remote_key/remote_key.h"

namespace baton::remote_key {

struct KeyObject {
  KeyPtr public_key;  // of the default provider; null until it is imported
  KeyDigest digest{};
  std::shared_ptr<RemoteSigner> signer;  // null: a public key that libcrypto has imported to compare it
};

}  // namespace baton::remote_key
