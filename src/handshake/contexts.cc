#include "handshake/contexts.h"

#include "crypto/openssl_error.h"
#include "handshake/suite_lists.h"

namespace baton::handshake {
namespace {

constexpr int kSecurityLevel = 2;           // 112 bits: RSA-2048, P-256, no SHA-1 signatures
constexpr long kMaxPeerChain = 128 * 1024;  // bytes; chains of 64 kB pass, also in TLS 1.2's longer encoding
constexpr std::size_t kTickets = 2;  // per full TLS 1.3 handshake: one for each of two connections to come
constexpr const char* kDefaultGroups = "X25519:P-256:P-384:P-521";

}  // namespace

void set_common_options(SSL_CTX* context) {
  // A distribution's openssl.cnf can set any of these.
  SSL_CTX_clear_options(context, SSL_CTX_get_options(context));
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_read_ahead(context, 0);
  SSL_CTX_set_max_cert_list(context, kMaxPeerChain);
  // Sessions live in stateless tickets only: a cache would keep a session whose client has proved nothing
  // yet.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context, 0);
}

Result<SslContextPtr> make_server_context() {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return crypto::openssl_error("libssl does not start");
  set_common_options(context.get());
  Result<SuiteLists> suites =
      suite_lists({}, tls::ProtocolVersion::tls12, tls::ProtocolVersion::tls13, "the default suites");
  if (!suites) return pass_on(suites);
  if (!apply(*suites, context.get()) || SSL_CTX_set_num_tickets(context.get(), kTickets) != 1) {
    return crypto::openssl_error("libssl refuses the default configuration");
  }
  return context;
}

Result<void> set_groups(SSL_CTX* context, const std::vector<std::string>& groups) {
  std::string list;
  for (const std::string& group : groups) list += (list.empty() ? "" : ":") + group;
  if (list.empty()) list = kDefaultGroups;
  if (SSL_CTX_set1_groups_list(context, list.c_str()) != 1) {
    return crypto::openssl_error("libssl does not know all groups of \"" + list + "\"");
  }
  return {};
}

}  // namespace baton::handshake
