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

// The first name for which the key speaks and the application server may not.
std::string SigningKeys::lacking(const Entry& entry, const offload::NameSet& allowed) {
  if (!entry.offered || allowed.covers_all(entry.names)) return {};
  const auto name = std::ranges::find_if(entry.names, [&](const auto& one) { return !allowed.covers(one); });
  return name == entry.names.end() ? "" : fmt::format(" (which has {})", *name);
}

std::optional<std::string> SigningKeys::why_none(const offload::NameSet& allowed,
                                                 offload::SigningKinds kinds) const {
  std::map<std::string, std::string> reasons;  // each with an example, since there may be many
  for (const auto& [digest, entry] : keys_) {
    auto granted = grant(digest, allowed, kinds);
    if (granted && !granted->kinds.empty()) return std::nullopt;
    reasons.try_emplace(granted ? "it may sign none of application_server.signing_kinds" : granted.error(),
                        entry.label + lacking(entry, allowed));
  }
  std::string why;
  for (const auto& [reason, label] : reasons) {
    why += fmt::format("{}a key of tenant {}: {}", why.empty() ? "" : "; ", label, reason);
  }
  return why;
}

}  // namespace baton::keystore
