#include "handshake/server.h"

#include <openssl/err.h>

#include "crypto/openssl_error.h"
#include "handshake/client_hello.h"
#include "handshake/contexts.h"
#include "handshake/libssl_handshake.h"
#include "handshake/libssl_macros.h"
#include "handshake/loaded_tenant.h"

namespace baton::handshake {
namespace {

constexpr std::size_t kTicketKeysSize = 80;  // bytes: name 16, HMAC key 32, AES key 32

class ServerHandshake final : public LibsslHandshake {
 public:
  ServerHandshake(SslPtr ssl, const CommonOptions& options, bool offload_slow_signatures,
                  TenantSelector selector, HandoffPoint handoff)
      : LibsslHandshake(tls::Role::server, std::move(ssl), options),
        offload_slow_signatures_(offload_slow_signatures),
        selector_(std::move(selector)) {
    if (handoff == HandoffPoint::early) try_early_completion();
  }

  void allow_slow_signature() override { slow_signature_allowed_ = true; }

  static ServerHandshake& of(const SSL* ssl) {
    return static_cast<ServerHandshake&>(LibsslHandshake::of(ssl));
  }

  // libssl's ClientHello callback. It comes again after each pause, and for the ClientHello that answers a
  // HelloRetryRequest.
  int on_client_hello(SSL* ssl);
  // Chooses from the client's list, by the tenant's preference.
  int on_alpn(const unsigned char** out, unsigned char* out_size, ByteView offered) const;

 private:
  int refuse(tls::Failure failure);
  int pause(PendingReason reason);
  bool agrees_with_earlier_hello(const std::string& server_name);
  int choose_tenant(const ClientHelloFields& hello, SSL* ssl);

  bool offload_slow_signatures_;
  bool slow_signature_allowed_ = false;
  TenantSelector selector_;
  bool hello_seen_ = false;
  std::shared_ptr<const LoadedTenant> tenant_;
};

// libssl only pauses, and we send the alert: before a version is negotiated, libssl would turn TLS 1.3's own
// alerts, such as missing_extension, into handshake_failure.
int ServerHandshake::refuse(tls::Failure failure) {
  refused_ = std::move(failure);
  return SSL_CLIENT_HELLO_RETRY;
}

int ServerHandshake::pause(PendingReason reason) {
  pending_reason_ = reason;
  return SSL_CLIENT_HELLO_RETRY;
}

bool ServerHandshake::agrees_with_earlier_hello(const std::string& server_name) {
  if (hello_seen_) return server_name == summary_.server_name;
  hello_seen_ = true;
  summary_.server_name = server_name;
  return true;
}

int ServerHandshake::choose_tenant(const ClientHelloFields& hello, SSL* ssl) {
  TenantChoice choice = selector_({hello.server_name, hello.offers_tls13});
  if (std::holds_alternative<SelectLater>(choice)) return pause(PendingReason::tenant);
  if (auto* refused = std::get_if<SelectRefused>(&choice)) {
    return refuse({refused->alert, false, std::move(refused->reason)});
  }
  tenant_ = std::dynamic_pointer_cast<const LoadedTenant>(std::get<std::shared_ptr<const Tenant>>(choice));
  if (!tenant_) return refuse({tls::Alert::internal_error, false, "the selector chose no loaded tenant"});
  if (!tenant_->apply(ssl, hello.server_name)) {
    return refuse({tls::Alert::internal_error, false, "libssl refuses the tenant's configuration"});
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

int ServerHandshake::on_client_hello(SSL* ssl) {
  auto hello = read_client_hello(ssl);
  if (!hello) return refuse(std::move(hello.error()));
  // RFC 8446 §4.1.2: the client MUST send the same ClientHello without modification, except for extensions
  // that are listed there. Another name would be served with the first one's policy.
  if (!agrees_with_earlier_hello(hello->server_name)) {
    return refuse({tls::Alert::illegal_parameter, false, "the second ClientHello names another server"});
  }
  // Early data comes before the Finished, and is skipped by libssl. TLS 1.2 has no early completion.
  if (hello->offers_early_data || !hello->offers_tls13) give_up_early_completion();
  if (!tenant_) {
    const int answer = choose_tenant(*hello, ssl);
    if (answer != SSL_CLIENT_HELLO_SUCCESS) return answer;
  }
  if (tenant_->has_remote_keys() && !uses_fiber()) {
    use_fiber();
    return SSL_CLIENT_HELLO_RETRY;
  }
  // A permission is for one step: after a HelloRetryRequest, the second ClientHello asks again.
  const bool allowed = std::exchange(slow_signature_allowed_, false);
  if (offload_slow_signatures_ && !allowed && tenant_->signs_slowly_for(*hello)) {
    return pause(PendingReason::slow_signature);
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

int ServerHandshake::on_alpn(const unsigned char** out, unsigned char* out_size, ByteView offered) const {
  if (!tenant_ || tenant_->policy().alpn.empty()) return SSL_TLSEXT_ERR_NOACK;
  for (const std::string& preferred : tenant_->policy().alpn) {
    ByteReader reader(offered);
    while (reader.left() > 0) {
      const ByteView protocol = reader.bytes(reader.u8());
      if (!reader.ok() || as_text(protocol) != preferred) continue;
      *out = protocol.data();
      *out_size = static_cast<unsigned char>(protocol.size());
      return SSL_TLSEXT_ERR_OK;
    }
  }
  // RFC 7301 §3.2: in the event that the server supports no protocols that the client advertises, the server
  // SHALL respond with a fatal "no_application_protocol" alert.
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int client_hello_callback(SSL* ssl, int* /*alert*/, void* /*argument*/) {
  return ServerHandshake::of(ssl).on_client_hello(ssl);
}

int alpn_callback(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                  unsigned in_size, void* /*argument*/) {
  return ServerHandshake::of(ssl).on_alpn(out, out_size, {in, in_size});
}

// Everything was decided in the ClientHello callback; this only has libssl acknowledge the name.
int server_name_callback(SSL* /*ssl*/, int* /*alert*/, void* /*argument*/) {
  return SSL_TLSEXT_ERR_OK;
}

// A resumption presents no certificate, so the one in the ticket must still be within its validity; otherwise
// the handshake is a full one.
SSL_TICKET_RETURN ticket_callback(SSL* /*ssl*/, SSL_SESSION* session, const unsigned char* /*key_name*/,
                                  std::size_t /*key_name_size*/, SSL_TICKET_STATUS status,
                                  void* /*argument*/) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  const X509* peer = SSL_SESSION_get0_peer(session);
  if (peer != nullptr && X509_cmp_current_time(X509_get0_notAfter(peer)) <= 0) {
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

class LibsslServerEndpoint final : public ServerEndpoint {
 public:
  LibsslServerEndpoint(SslContextPtr context, const ServerOptions& options)
      : context_(std::move(context)),
        common_{options.max_handshake_bytes, options.keep},
        offload_slow_signatures_(options.offload_slow_signatures) {}

  Result<std::unique_ptr<Handshake>> accept(TenantSelector selector, HandoffPoint handoff) const override {
    SslPtr ssl(SSL_new(context_.get()));  // it keeps the context alive
    if (!ssl) return crypto::openssl_error("a new connection");
    auto handshake = std::make_unique<ServerHandshake>(std::move(ssl), common_, offload_slow_signatures_,
                                                       std::move(selector), handoff);
    Result<void> attached = handshake->attach();
    if (!attached) return pass_on(attached);
    return handshake;
  }

 private:
  SslContextPtr context_;
  CommonOptions common_;
  bool offload_slow_signatures_;
};

Result<void> set_ticket_keys(SSL_CTX* context, const SecretBuffer& keys) {
  if (keys.empty()) return {};  // libssl has made random ones
  if (keys.size() != kTicketKeysSize) {
    return fail(ErrorCode::invalid_argument, "the ticket keys have 80 bytes");
  }
  Secret<kTicketKeysSize> copy{ByteView(keys)};  // libssl asks for memory that it could write to
  if (SSL_CTX_set_tlsext_ticket_keys(context, copy.data().data(), static_cast<long>(kTicketKeysSize)) != 1) {
    return crypto::openssl_error("the ticket keys");
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const ServerEndpoint>> ServerEndpoint::create(ServerOptions options) {
  ERR_clear_error();
  Result<SslContextPtr> context = make_server_context();
  if (!context) return pass_on(context);
  Result<void> step = set_groups(context->get(), options.groups);
  if (step) step = set_ticket_keys(context->get(), options.ticket_keys);
  if (!step) return pass_on(step);
  observe_handshakes(context->get());
  SSL_CTX_set_client_hello_cb(context->get(), client_hello_callback, nullptr);
  SSL_CTX_set_alpn_select_cb(context->get(), alpn_callback, nullptr);
  set_server_name_callback(context->get(), server_name_callback);
  SSL_CTX_set_session_ticket_cb(context->get(), nullptr, ticket_callback, nullptr);
  return std::make_shared<LibsslServerEndpoint>(std::move(*context), options);
}

}  // namespace baton::handshake
