#include "keystore/signing_keys.h"

#include <algorithm>

namespace baton::keystore {

Result<std::shared_ptr<const SigningKeys>> SigningKeys::create(
    const Config& config, const std::vector<std::shared_ptr<const handshake::Tenant>>& loaded) {
  auto all = std::make_shared<SigningKeys>();
  for (std::size_t i = 0; i < config.tenants.size(); ++i) {
    const TenantConfig& tenant = config.tenants[i];
    if (!tenant.offload.signing) continue;
    auto keys = handshake::signing_keys(*loaded[i]);
    if (!keys) return pass_on(keys);
    for (std::size_t k = 0; k < keys->size(); ++k) {
      const KeyDigest digest = (*keys)[k]->digest();
      all->keys_.emplace(digest,
                         Entry{std::move((*keys)[k]), tenant.certificates[k].signing_kinds, tenant.names});
    }
  }
  return all;
}

tl::expected<offload::SigningGrant, std::string> SigningKeys::grant(const KeyDigest& key,
                                                                    const offload::NameSet& allowed,
                                                                    offload::SigningKinds kinds) const {
  const auto [begin, end] = keys_.equal_range(key);
  if (begin == end) return tl::unexpected<std::string>("no tenant that offers signing has this key");
  for (auto entry = begin; entry != end; ++entry) {
    const std::vector<std::string>& names = entry->second.names;
    if (std::ranges::all_of(names, [&](const std::string& name) { return allowed.covers(name); })) {
      return offload::SigningGrant{entry->second.key, entry->second.kinds & kinds, names.front()};
    }
  }
  return tl::unexpected<std::string>(
      "application_server.names does not have all names of the tenant whose key it is");
}

}  // namespace baton::keystore
