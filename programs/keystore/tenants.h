// Which tenant serves which name.
#pragma once

#include <memory>

#include "handshake/server.h"
#include "keystore/config.h"
#include "offload/name_set.h"

namespace baton::keystore {

// Immutable once made, so all event loops and workers share one.
class Tenants {
 public:
  static Result<std::shared_ptr<const Tenants>> create(
      const Config& config, const std::vector<std::shared_ptr<const handshake::Tenant>>& loaded);

  // Exact name, then wildcard, then the default tenant; without one, the client is refused by the alert that
  // fits. The default tenant is for links that may serve every name (`allowed` holds "*"): a name that is
  // allowed, and that no tenant has, must not lead to the certificate of another one.
  handshake::TenantChoice choose(const handshake::ClientHelloInfo& hello,
                                 const offload::NameSet& allowed) const;

 private:
  // Null: it offers signatures only.
  offload::NameMap<std::shared_ptr<const handshake::Tenant>> by_name_;
  std::shared_ptr<const handshake::Tenant> default_;
};

}  // namespace baton::keystore
