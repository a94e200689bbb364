// Which application server signs with which key.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "handshake/signing_key.h"
#include "keystore/config.h"
#include "offload/name_set.h"
#include "offload/signing_service.h"

namespace baton::keystore {

// The keys of all tenants. Immutable once made; any thread.
class SigningKeys {
 public:
  static Result<std::shared_ptr<const SigningKeys>> create(
      const Config& config, const std::vector<std::shared_ptr<const handshake::Tenant>>& loaded);

  // A signature speaks for every name of the key's certificate and of its tenant, so the application server
  // must be allowed all of them. Where tenants share a key, it does so for all of these tenants, and each of
  // them must offer signing. The kinds are those that the key has everywhere, and the application server too.
  tl::expected<offload::SigningGrant, std::string> grant(const KeyDigest& key,
                                                         const offload::NameSet& allowed,
                                                         offload::SigningKinds kinds) const;

  // Why none of the keys is granted to sign anything with; nothing where one is.
  std::optional<std::string> why_none(const offload::NameSet& allowed, offload::SigningKinds kinds) const;

 private:
  struct Entry {
    std::shared_ptr<const handshake::SigningKey> key;
    std::string label;
    offload::SigningKinds kinds;
    std::vector<std::string> names;  // for which it speaks
    bool offered = true;             // by each tenant that has it
  };

  static std::string lacking(const Entry& entry, const offload::NameSet& allowed);
  void add(const std::shared_ptr<const handshake::SigningKey>& key, const TenantConfig& tenant,
           offload::SigningKinds kinds);

  std::map<KeyDigest, Entry> keys_;
};

}  // namespace baton::keystore
