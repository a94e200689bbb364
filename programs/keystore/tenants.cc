#include "keystore/tenants.h"

namespace baton::keystore {

Result<std::shared_ptr<const Tenants>> Tenants::create(
    const Config& config, const std::vector<std::shared_ptr<const handshake::Tenant>>& loaded) {
  auto tenants = std::make_shared<Tenants>();
  for (std::size_t i = 0; i < config.tenants.size(); ++i) {
    const auto tenant = config.tenants[i].offload.serialization ? loaded[i] : nullptr;
    for (const std::string& name : config.tenants[i].names) {
      if (auto added = tenants->by_name_.add(name, tenant); !added) return pass_on(added);
    }
    if (config.tenants[i].is_default) tenants->default_ = tenant;
  }
  return tenants;
}

handshake::TenantChoice Tenants::choose(const handshake::ClientHelloInfo& hello,
                                        const offload::NameSet& allowed) const {
  if (const auto* tenant = by_name_.find(hello.server_name)) {
    if (*tenant) return *tenant;
    return handshake::SelectRefused{tls::Alert::unrecognized_name,
                                    "tenant.offload of this server name has no \"serialization\""};
  }
  const bool may_serve_all = allowed.contains("");  // only "*" matches no name
  if (default_ && may_serve_all) return default_;
  if (hello.server_name.empty()) {
    // RFC 8446 §4.2 (TLS 1.3 only): "Servers requiring this extension SHOULD respond to a ClientHello lacking
    // a "server_name" extension by terminating the connection with a "missing_extension" alert."
    return handshake::SelectRefused{
        hello.offers_tls13 ? tls::Alert::missing_extension : tls::Alert::unrecognized_name,
        "the client sent no server name, and there is no default tenant"};
  }
  return handshake::SelectRefused{tls::Alert::unrecognized_name, "no tenant has this server name"};
}

}  // namespace baton::keystore
