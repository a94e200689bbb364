// Which application server signs with which key.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "handshake/signing_key.h"
#include "keystore/config.h"
#include "offload/name_set.h"
#include "offload/signing_service.h"

namespace baton::keystore {

// The keys of all tenants that offer signing. Immutable once made; any thread.
class SigningKeys {
 public:
  static Result<std::shared_ptr<const SigningKeys>> create(
      const Config& config, const std::vector<std::shared_ptr<const handshake::Tenant>>& loaded);

  // A signature speaks for every name of its tenant, so the application server must be allowed all of them.
  // The kinds are those that both the key and the application server have.
  tl::expected<offload::SigningGrant, std::string> grant(const KeyDigest& key,
                                                         const offload::NameSet& allowed,
                                                         offload::SigningKinds kinds) const;

 private:
  struct Entry {
    std::shared_ptr<const handshake::SigningKey> key;
    offload::SigningKinds kinds;
    std::vector<std::string> names;  // of its tenant
  };

  std::multimap<KeyDigest, Entry> keys_;  // tenants may share one
};

}  // namespace baton::keystore
