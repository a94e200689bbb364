#include "api/link_stream.h"

namespace baton {

Result<void> check_link_connection(const Connection& connection, Role role) {
  if (!connection.alive()) {
    return fail(ErrorCode::consumed, "link: the connection was serialized or moved already");
  }
  if (connection.role() != role) {
    return fail(ErrorCode::refused, role == Role::client
                                        ? "link: the application server is the client of the link's TLS"
                                        : "link: the key store is the server of the link's TLS");
  }
  if (connection.protocol_version() != ProtocolVersion::tls13) {
    return fail(ErrorCode::refused, "link: it must be TLS 1.3");
  }
  // Only what was verified is kept.
  if (!connection.peer_certificate_digest()) {
    return fail(ErrorCode::refused,
                role == Role::client
                    ? "link: no verified certificate of the key store is known: set KeptMetadata::peer to "
                      "digest or chain"
                    : "link: no verified client certificate is known: set ServerSettings::client_ca_pem, "
                      "and KeptMetadata::peer to digest or chain");
  }
  return {};
}

}  // namespace baton
