#include "offload/restrict_names.h"

namespace baton::offload {

handshake::TenantSelector restrict_names(std::shared_ptr<const NameSet> allowed,
                                         handshake::TenantSelector next) {
  return [allowed = std::move(allowed),
          next = std::move(next)](const handshake::ClientHelloInfo& hello) -> handshake::TenantChoice {
    if (!allowed->contains(hello.server_name)) {
      return handshake::SelectRefused{tls::Alert::unrecognized_name,
                                      "this link's identity may not serve the name"};
    }
    return next(hello);
  };
}

}  // namespace baton::offload
