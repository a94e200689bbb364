#include "baton/types.h"

namespace baton {

std::string_view to_string(Role role) {
  return role == Role::server ? "server" : "client";
}

std::string_view to_string(ProtocolVersion version) {
  return version == ProtocolVersion::tls13 ? "TLSv1.3" : "TLSv1.2";
}

}  // namespace baton
