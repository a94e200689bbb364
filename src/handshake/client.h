// The client's side.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "handshake/handshake.h"
#include "handshake/server.h"

namespace baton::handshake {

struct ClientOptions {
  std::string ca_pem;                    // trust anchors; empty: the system's
  std::string server_name;               // sent as SNI and verified against the certificate; an IP address is
                                         // verified as such and not sent
  std::optional<Credential> credential;  // the client's own certificate, for mutual TLS
  std::vector<std::string> alpn;
  tls::ProtocolVersion min_version = tls::ProtocolVersion::tls12;
  tls::ProtocolVersion max_version = tls::ProtocolVersion::tls13;
  std::vector<std::string> cipher_suites;  // IANA names; empty: all that Baton carries
  std::vector<std::string> groups;         // OpenSSL's names
  std::size_t max_handshake_bytes = 256 * 1024;
  KeptMetadata keep;
};

class ClientEndpoint {
 public:
  virtual ~ClientEndpoint() = default;
  static Result<std::shared_ptr<const ClientEndpoint>> create(ClientOptions options);
  // A handshake with a new server; its first advance({}) produces the ClientHello.
  virtual Result<std::unique_ptr<Handshake>> connect() const = 0;
};

}  // namespace baton::handshake
