#include "handshake/loaded_tenant.h"

#include <algorithm>

#include "crypto/kdf.h"
#include "crypto/openssl_error.h"
#include "handshake/contexts.h"

namespace baton::handshake {
namespace {

// Hashes parts so that no two lists of parts look alike.
Result<void> hash_parts(std::initializer_list<ByteView> parts, MutableBytes out) {
  Bytes joined;
  ByteWriter writer(joined);
  for (ByteView part : parts) {
    writer.u64(part.size());
    writer.bytes(part);
  }
  return crypto::digest(crypto::HashAlgorithm::sha256, joined, out);
}

Result<void> check_alpn(const TenantPolicy& policy) {
  for (const std::string& protocol : policy.alpn) {
    // RFC 7301 §3.1: ProtocolName<1..2^8-1>
    if (protocol.empty() || protocol.size() > 255) {
      return fail(ErrorCode::invalid_argument, policy.label + ": an ALPN protocol has 1 to 255 bytes");
    }
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Tenant>> Tenant::load(TenantPolicy policy, std::vector<Credential> credentials) {
  return LoadedTenant::load(std::move(policy), std::move(credentials));
}

Result<std::shared_ptr<const LoadedTenant>> LoadedTenant::load(TenantPolicy policy,
                                                               std::vector<Credential> credentials) {
  Result<SuiteLists> suites =
      suite_lists(policy.cipher_suites, policy.min_version, policy.max_version, policy.label);
  if (!suites) return pass_on(suites);
  Result<void> step = check_alpn(policy);
  if (!step) return pass_on(step);

  std::shared_ptr<LoadedTenant> tenant(new LoadedTenant(std::move(policy)));
  tenant->suites_ = std::move(*suites);
  step = tenant->load_credentials(credentials);
  if (step) step = tenant->load_client_ca();
  if (step) step = tenant->try_apply();
  if (!step) return pass_on(step);
  return tenant;
}

Result<void> LoadedTenant::load_credentials(const std::vector<Credential>& credentials) {
  if (credentials.empty()) return fail(ErrorCode::invalid_argument, policy_.label + " has no certificate");
  for (const Credential& credential : credentials) {
    Result<LoadedCredential> loaded = load_credential(credential);
    if (!loaded) return pass_on(loaded);
    for (const LoadedCredential& other : credentials_) {
      if (share_a_place(loaded->kind, other.kind)) {
        return fail(ErrorCode::invalid_argument,
                    credential.chain_source + ": " + policy_.label +
                        " has another certificate with this kind of key; give one each "
                        "of ECDSA, RSA and Ed25519");
      }
    }
    credentials_.push_back(std::move(*loaded));
  }
  return {};
}

Result<void> LoadedTenant::load_client_ca() {
  if (!policy_.client_ca_pem.empty()) {
    Result<TrustAnchors> anchors =
        load_trust_anchors(policy_.client_ca_pem, "the client certificate authorities of " + policy_.label);
    if (!anchors) return pass_on(anchors);
    client_ca_ = std::move(*anchors);
  }
  return hash_parts({as_bytes(policy_.label), as_bytes(policy_.client_ca_pem)}, client_policy_hash_);
}

// What libssl would refuse in a handshake, for example a certificate with a weak signature, it refuses here
// first.
Result<void> LoadedTenant::try_apply() const {
  Result<SslContextPtr> context = make_server_context();
  if (!context) return pass_on(context);
  const SslPtr ssl(SSL_new(context->get()));
  if (!ssl || !apply(ssl.get(), ""))
    return crypto::openssl_error(policy_.label + ": libssl refuses the certificate");
  return {};
}

bool LoadedTenant::apply(SSL* ssl, std::string_view server_name) const {
  // The endpoint's own lists are the default; parsing them anew for each connection would cost.
  const bool own_suites = !policy_.cipher_suites.empty();
  if (SSL_set_min_proto_version(ssl, static_cast<int>(suites_.min_version)) != 1 ||
      SSL_set_max_proto_version(ssl, static_cast<int>(suites_.max_version)) != 1 ||
      (own_suites && !handshake::apply(suites_, ssl))) {
    return false;
  }
  for (const LoadedCredential& credential : credentials_) {
    if (!use_credential(ssl, credential)) return false;
  }
  if (client_ca_) {
    SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    STACK_OF(X509_NAME)* names = SSL_dup_CA_list(client_ca_->names.get());
    if (names == nullptr || SSL_set1_verify_cert_store(ssl, client_ca_->store.get()) != 1) {
      sk_X509_NAME_pop_free(names, X509_NAME_free);
      return false;
    }
    SSL_set_client_CA_list(ssl, names);
  }
  return set_session_context(ssl, server_name);
}

// libssl resumes a session only where this context is the same, so a ticket of one name, or of one client
// certificate policy, is worth nothing at another.
bool LoadedTenant::set_session_context(SSL* ssl, std::string_view server_name) const {
  std::array<std::uint8_t, 32> context{};
  return hash_parts({client_policy_hash_, as_bytes(server_name)}, context).has_value() &&
         SSL_set_session_id_context(ssl, context.data(), static_cast<unsigned>(context.size())) == 1;
}

bool LoadedTenant::has_remote_keys() const {
  return std::ranges::any_of(credentials_, [](const LoadedCredential& credential) {
    return credential.place == KeyPlace::elsewhere;
  });
}

bool LoadedTenant::signs_slowly_for(const ClientHelloFields& hello) const {
  const auto slow = [](const LoadedCredential& credential) {
    return credential.place == KeyPlace::here && is_slow(credential.kind);
  };
  if (std::none_of(credentials_.begin(), credentials_.end(), slow)) return false;
  // In TLS 1.2 the cipher suites decide too, and a client can list ECDSA and offer RSA suites only.
  if (!hello.offers_tls13 || policy_.max_version < tls::ProtocolVersion::tls13) return true;
  // libssl prefers ECDSA with P-256, and Ed25519, to the slow ones where the client accepts them.
  ByteReader reader(hello.signature_algorithms);
  reader.u16();  // size of the list
  while (reader.left() >= 2) {
    const std::uint16_t offered = reader.u16();
    for (const LoadedCredential& credential : credentials_) {
      if (!slow(credential) && signature_scheme(credential.kind) == offered) return false;
    }
  }
  return true;
}

}  // namespace baton::handshake
