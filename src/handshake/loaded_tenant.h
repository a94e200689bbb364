// A tenant in the form that libssl takes.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "handshake/client_hello.h"
#include "handshake/loaded_credential.h"
#include "handshake/server.h"
#include "handshake/suite_lists.h"
#include "handshake/trust_anchors.h"

namespace baton::handshake {

class LoadedTenant final : public Tenant {
 public:
  static Result<std::shared_ptr<const LoadedTenant>> load(TenantPolicy policy,
                                                          std::vector<Credential> credentials);

  const TenantPolicy& policy() const override { return policy_; }

  const std::vector<LoadedCredential>& credentials() const { return credentials_; }

  // Makes the SSL a server of this tenant. Only in libssl's ClientHello callback, before versions, suites and
  // sessions are looked at. False with an entry in OpenSSL's error queue.
  bool apply(SSL* ssl, std::string_view server_name) const;

  // Whether a signature may have to be asked for elsewhere.
  bool has_remote_keys() const;

  // Whether a full handshake may sign with a slow key, judged by the ClientHello. It may answer yes for one
  // that then needs no signature, since its session is resumed, or only a quick one.
  bool signs_slowly_for(const ClientHelloFields& hello) const;

 private:
  explicit LoadedTenant(TenantPolicy policy) : policy_(std::move(policy)) {}
  Result<void> load_credentials(const std::vector<Credential>& credentials);
  Result<void> load_client_ca();
  Result<void> try_apply() const;
  bool set_session_context(SSL* ssl, std::string_view server_name) const;

  TenantPolicy policy_;
  SuiteLists suites_;
  std::vector<LoadedCredential> credentials_;
  std::optional<TrustAnchors> client_ca_;
  std::array<std::uint8_t, 32> client_policy_hash_{};  // SHA-256 of label and client CAs
};

}  // namespace baton::handshake
