#include "keystore/signing_keys.h"

#include <fmt/format.h>

#include <algorithm>

namespace baton::keystore {

Result<std::shared_ptr<const SigningKeys>> SigningKeys::create(
    const Config& config, const std::vector<std::shared_ptr<const handshake::Tenant>>& loaded) {
  auto all = std::make_shared<SigningKeys>();
  for (std::size_t i = 0; i < config.tenants.size(); ++i) {
    const TenantConfig& tenant = config.tenants[i];
    auto keys = handshake::signing_keys(*loaded[i]);
    if (!keys) return pass_on(keys);
    for (std::size_t k = 0; k < keys->size(); ++k) {
      all->add((*keys)[k], tenant, tenant.certificates[k].signing_kinds);
    }
  }
  return all;
}

void SigningKeys::add(const std::shared_ptr<const handshake::SigningKey>& key, const TenantConfig& tenant,
                      offload::SigningKinds kinds) {
  Entry& entry = keys_.try_emplace(key->digest(), Entry{key, tenant.names.front(), kinds, {}}).first->second;
  entry.kinds = entry.kinds & kinds;
  entry.offered = entry.offered && tenant.offload.signing;
  for (const auto& names : {tenant.names, key->names()}) {
    entry.names.insert(entry.names.end(), names.begin(), names.end());
  }
}

tl::expected<offload::SigningGrant, std::string> SigningKeys::grant(const KeyDigest& key,
                                                                    const offload::NameSet& allowed,
                                                                    offload::SigningKinds kinds) const {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return tl::unexpected<std::string>("no tenant has this key");
  const Entry& entry = found->second;
  if (!entry.offered) {
    return tl::unexpected<std::string>("a tenant that has this key has no \"signing\" in tenant.offload");
  }
  if (!allowed.covers_all(entry.names)) {
    return tl::unexpected<std::string>(
        "application_server.names does not have all names for which this key speaks: those of its tenant and "
        "of its certificate");
  }
  return offload::SigningGrant{entry.key, entry.kinds & kinds, entry.label};
}

std::optional<std::string> SigningKeys::why_none(const offload::NameSet& allowed) const {
  std::string why = "no tenant has \"signing\" in tenant.offload";
  for (const auto& [digest, entry] : keys_) {
    if (!entry.offered) continue;
    if (allowed.covers_all(entry.names)) return std::nullopt;
    const auto lacking = std::ranges::find_if(
        entry.names, [&allowed](const std::string& name) { return !allowed.covers(name); });
    why = fmt::format("a key of tenant {} speaks for {} too, which application_server.names does not have",
                      entry.label, *lacking);
  }
  return why;
}

}  // namespace baton::keystore
