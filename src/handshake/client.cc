#include "handshake/client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "crypto/openssl_error.h"
#include "handshake/client_hello.h"
#include "handshake/contexts.h"
#include "handshake/libssl_handshake.h"
#include "handshake/libssl_macros.h"
#include "handshake/loaded_credential.h"
#include "handshake/suite_lists.h"
#include "handshake/trust_anchors.h"

namespace baton::handshake {
namespace {

class ClientHandshake final : public LibsslHandshake {
 public:
  ClientHandshake(SslPtr ssl, const CommonOptions& options, const std::string& server_name)
      : LibsslHandshake(tls::Role::client, std::move(ssl), options) {
    summary_.server_name = server_name;
  }
  void wait_for_signatures() { use_fiber(); }
};

bool is_ip_address(const std::string& name) {
  const AddressPtr address(a2i_IPADDRESS(name.c_str()));
  return address != nullptr;
}

// Whom the client expects to meet.
struct ExpectedPeer {
  std::string host_name;  // sent as SNI; empty when an address is verified
  std::string ip_address;

  bool apply(SSL* ssl) const {
    if (host_name.empty()) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), ip_address.c_str()) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host_name.c_str()) == 1 && set_sni(ssl, host_name.c_str());
  }
};

Result<ExpectedPeer> expected_peer(const std::string& server_name) {
  if (is_ip_address(server_name)) return ExpectedPeer{{}, server_name};
  ExpectedPeer peer{normalized_host_name(server_name), {}};
  if (peer.host_name.empty()) {
    return fail(ErrorCode::invalid_argument,
                "\"" + server_name +
                    "\" is neither a host name nor an IP address; the certificate is verified by it");
  }
  return peer;
}

class LibsslClientEndpoint final : public ClientEndpoint {
 public:
  LibsslClientEndpoint(SslContextPtr context, ExpectedPeer peer, std::optional<LoadedCredential> credential,
                       const CommonOptions& common)
      : context_(std::move(context)),
        peer_(std::move(peer)),
        credential_(std::move(credential)),
        common_(common) {}

  Result<std::unique_ptr<Handshake>> connect() const override {
    SslPtr ssl(SSL_new(context_.get()));
    if (!ssl || !peer_.apply(ssl.get()) || (credential_ && !use_credential(ssl.get(), *credential_))) {
      return crypto::openssl_error("a new connection");
    }
    auto handshake = std::make_unique<ClientHandshake>(std::move(ssl), common_, peer_.host_name);
    if (credential_ && credential_->place == KeyPlace::elsewhere) handshake->wait_for_signatures();
    Result<void> attached = handshake->attach();
    if (!attached) return pass_on(attached);
    return handshake;
  }

 private:
  SslContextPtr context_;
  ExpectedPeer peer_;
  std::optional<LoadedCredential> credential_;
  CommonOptions common_;
};

Result<void> set_trust(SSL_CTX* context, const std::string& ca_pem) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (ca_pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      return crypto::openssl_error("the system's trust anchors");
    return {};
  }
  Result<TrustAnchors> anchors = load_trust_anchors(ca_pem, "the trust anchors");
  if (!anchors) return pass_on(anchors);
  SSL_CTX_set_cert_store(context, anchors->store.release());
  return {};
}

Result<void> set_alpn(SSL_CTX* context, const std::vector<std::string>& protocols) {
  Bytes list;
  for (const std::string& protocol : protocols) {
    // RFC 7301 §3.1: ProtocolName<1..2^8-1>
    if (protocol.empty() || protocol.size() > 255) {
      return fail(ErrorCode::invalid_argument, "an ALPN protocol has 1 to 255 bytes");
    }
    list.push_back(static_cast<std::uint8_t>(protocol.size()));
    append(list, as_bytes(protocol));
  }
  if (list.empty()) return {};
  // This one call of libssl answers 0 when it succeeds.
  if (SSL_CTX_set_alpn_protos(context, list.data(), static_cast<unsigned>(list.size())) != 0) {
    return crypto::openssl_error("the ALPN protocols");
  }
  return {};
}

Result<SslContextPtr> make_client_context(const ClientOptions& options) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return crypto::openssl_error("libssl does not start");
  set_common_options(context.get());
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);  // no session is kept
  Result<SuiteLists> suites =
      suite_lists(options.cipher_suites, options.min_version, options.max_version, "the client");
  if (!suites) return pass_on(suites);
  if (!apply(*suites, context.get())) return crypto::openssl_error("the client's cipher suites");
  Result<void> step = set_groups(context.get(), options.groups);
  if (step) step = set_trust(context.get(), options.ca_pem);
  if (step) step = set_alpn(context.get(), options.alpn);
  if (!step) return pass_on(step);
  observe_handshakes(context.get());
  return context;
}

}  // namespace

Result<std::shared_ptr<const ClientEndpoint>> ClientEndpoint::create(ClientOptions options) {
  ERR_clear_error();
  Result<ExpectedPeer> peer = expected_peer(options.server_name);
  if (!peer) return pass_on(peer);
  Result<SslContextPtr> context = make_client_context(options);
  if (!context) return pass_on(context);
  std::optional<LoadedCredential> credential;
  if (options.credential) {
    Result<LoadedCredential> loaded = load_credential(*options.credential);
    if (!loaded) return pass_on(loaded);
    credential = std::move(*loaded);
  }
  return std::make_shared<LibsslClientEndpoint>(std::move(*context), std::move(*peer), std::move(credential),
                                                CommonOptions{options.max_handshake_bytes, options.keep});
}

}  // namespace baton::handshake
