// Names per link identity: what an application server may serve is decided before a tenant is chosen.
#pragma once

#include <memory>

#include "handshake/server.h"
#include "offload/name_set.h"

namespace baton::offload {

// A selector that refuses, with unrecognized_name, every name that is not in `allowed`, and asks `next` for
// the others. A client without a server name is served only where `allowed` holds `*`: a default certificate
// may not slip past the list.
handshake::TenantSelector restrict_names(std::shared_ptr<const NameSet> allowed,
                                         handshake::TenantSelector next);

}  // namespace baton::offload
