// The server's side: tenants (certificates, keys and policy of a set of names), and handshakes with their
// clients.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "baton/config.h"
#include "handshake/handshake.h"

namespace baton::handshake {

using baton::Credential;
using baton::KeptMetadata;

// Policy of one tenant. Empty lists mean the library's default.
struct TenantPolicy {
  std::string label;  // for logs and for the session id context
  tls::ProtocolVersion min_version = tls::ProtocolVersion::tls12;
  tls::ProtocolVersion max_version = tls::ProtocolVersion::tls13;
  std::vector<std::string> cipher_suites;  // IANA names, in order of preference
  std::vector<std::string> alpn;           // protocols, in order of preference; empty: ALPN is ignored
  std::string client_ca_pem;               // non-empty: a verified client certificate is demanded
};

// Certificates, keys and policy of a set of names, checked and loaded. Immutable; shared between threads.
class Tenant {
 public:
  virtual ~Tenant() = default;
  // Checks each credential: the key signs, matches its certificate, and the leaf is within its validity.
  // Several credentials: one per kind of key (ECDSA and RSA side by side).
  static Result<std::shared_ptr<const Tenant>> load(TenantPolicy policy, std::vector<Credential> credentials);

  virtual const TenantPolicy& policy() const = 0;
};

// What a selector knows when it chooses: the ClientHello's server name, empty when there is none.
struct ClientHelloInfo {
  std::string_view server_name;
  bool offers_tls13 = false;
};

struct SelectLater {};  // pending: the handshake calls the selector again at the next advance({})
struct SelectRefused {
  tls::Alert alert;  // for example unrecognized_name
  std::string reason;
};
using TenantChoice = std::variant<std::shared_ptr<const Tenant>, SelectLater, SelectRefused>;

// Called in libssl's ClientHello callback, on the thread that runs the step. It must not throw. Once it has
// chosen a tenant it is not called again, also not after a HelloRetryRequest.
using TenantSelector = std::function<TenantChoice(const ClientHelloInfo&)>;

// What handshakes of one endpoint share: ticket keys and groups. Thread-safe once made.
struct ServerOptions {
  // 80 secret bytes in libssl's order (name 16, HMAC key 32, AES key 32), or empty: fresh random ones.
  SecretBuffer ticket_keys;
  std::vector<std::string>
      groups;  // OpenSSL's names, in order of preference; empty: X25519:P-256:P-384:P-521
  std::size_t max_handshake_bytes = 256 * 1024;  // of the peer's stream; more fails the handshake (R9)
  // Answer `pending` where the handshake may sign with RSA or P-384 (milliseconds; P-256 and Ed25519 take
  // some 20 µs). Whether the session resumes is not known yet, so a resumption may answer `pending` too.
  bool offload_slow_signatures = false;
  KeptMetadata keep;
};

// When a server's handshake is complete.
enum class HandoffPoint {
  late,  // behind the client's Finished
  // Before it, where what it will be is known: in TLS 1.3, when no certificate is asked of the client and it
  // offers no early data. The state then awaits the Finished (tls::FinishedReader). Otherwise late.
  early,
};

class ServerEndpoint {
 public:
  virtual ~ServerEndpoint() = default;
  static Result<std::shared_ptr<const ServerEndpoint>> create(ServerOptions options);
  // A handshake with a new client. It keeps the endpoint alive.
  virtual Result<std::unique_ptr<Handshake>> accept(TenantSelector selector,
                                                    HandoffPoint handoff = HandoffPoint::late) const = 0;
};

}  // namespace baton::handshake
