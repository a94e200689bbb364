#include "handshake/completed_state.h"

#include "handshake/groups.h"
#include "handshake/key_kind.h"
#include "handshake/openssl_handles.h"
#include "handshake/peer_identity.h"
#include "handshake/peer_names.h"

namespace baton::handshake {
namespace {

// RFC 6066 §4: the negotiated length holds for what either side sends, and also in a resumed session.
std::uint16_t negotiated_fragment(const SSL* ssl) {
  switch (SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl))) {
    case TLSEXT_max_fragment_length_512:
      return 512;
    case TLSEXT_max_fragment_length_1024:
      return 1024;
    case TLSEXT_max_fragment_length_2048:
      return 2048;
    case TLSEXT_max_fragment_length_4096:
      return 4096;
    default:
      return tls::kMaxRecordPlaintext;
  }
}

std::string negotiated_alpn(const SSL* ssl) {
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  return std::string(as_text({protocol, size}));
}

// The master secret stays only where it was asked for.
Result<TrafficKeys> tls12_traffic_keys(const CompletedHandshake& completed, tls::ConnectionState& state) {
  auto secrets = tls12_secrets(completed.ssl);
  if (!secrets) return pass_on(secrets);
  auto keying = tls::expand_tls12_keying(*secrets, *state.suite);
  if (!keying) return pass_on(keying);
  if (completed.keep.tls12_master_secret) {
    state.tls12_secrets = std::make_unique<tls::Tls12Secrets>(std::move(*secrets));
  }
  return TrafficKeys{std::move(keying->client), std::move(keying->server), {}};
}

Result<TrafficKeys> traffic_keys(CompletedHandshake& completed, tls::ConnectionState& state) {
  if (state.version() == tls::ProtocolVersion::tls13) return std::move(completed.tls13_keys);
  return tls12_traffic_keys(completed, state);
}

void set_sequences(const RecordCounts& records, tls::ConnectionState& state) {
  state.read.sequence = records.read;
  state.write.sequence = records.written;
  if (state.suite->explicit_nonce_size() != 0) state.next_explicit_nonce = records.last_explicit_nonce + 1;
}

}  // namespace

Result<tls::ConnectionState> completed_state(CompletedHandshake completed) {
  SSL* ssl = completed.ssl;
  tls::ConnectionState state;
  state.role = completed.role;
  state.suite = tls::find_cipher_suite(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl)));
  if (state.suite == nullptr)
    return fail(ErrorCode::crypto, "libssl chose a cipher suite that was not offered");
  Result<TrafficKeys> keys = traffic_keys(completed, state);
  if (!keys) return pass_on(keys);
  const bool is_server = completed.role == tls::Role::server;
  state.read.keying = std::move(is_server ? keys->client : keys->server);
  state.write.keying = std::move(is_server ? keys->server : keys->client);
  set_sequences(completed.records, state);
  state.max_send_fragment = state.max_receive_fragment = negotiated_fragment(ssl);
  state.server_name = std::move(completed.server_name);
  state.alpn = negotiated_alpn(ssl);
  state.group = negotiated_group(ssl);
  state.resumed = SSL_session_reused(ssl) != 0;
  state.exporter_secret = std::move(keys->exporter);
  if (auto kept = keep_peer_identity(ssl, completed.keep.peer, state); !kept) return pass_on(kept);
  Result<void> valid = tls::validate(state);
  if (!valid) return pass_on(valid);
  return state;
}

void summarize(const SSL* ssl, const tls::ConnectionState& state, Summary& summary) {
  summary.alpn = state.alpn;
  summary.version = tls::to_string(state.version());
  summary.suite = state.suite->name;
  summary.resumed = state.resumed.value_or(false);
  if (state.group) summary.group = group_name(*state.group);
  const CertificatePtr peer(SSL_get_peer_certificate(ssl));
  const X509* signer = state.role == tls::Role::server ? SSL_get_certificate(ssl) : peer.get();
  if (!summary.resumed && signer != nullptr) {
    if (const auto kind = key_kind(X509_get0_pubkey(signer))) summary.signature = to_string(*kind);
  }
  if (const CertificatePtr verified = verified_peer(ssl)) summary.peer_names = peer_names(*verified);
}

}  // namespace baton::handshake
