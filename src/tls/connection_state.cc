#include "tls/connection_state.h"

#include "base/unix_time.h"

namespace baton::tls {
namespace {

bool fragment_size_is_legal(std::uint16_t size) {
  return size >= kMinRecordPlaintext && size <= kMaxRecordPlaintext;
}

// The chain is bounded, and no certificate is empty.
bool chain_is_legal(const std::vector<Bytes>& chain) {
  std::size_t size = 0;
  for (const Bytes& certificate : chain) {
    if (certificate.empty()) return false;
    size += certificate.size();
  }
  return chain.size() <= kMaxPeerCertificates && size <= kMaxPeerChain;
}

}  // namespace

Result<void> validate(const ConnectionState& state) {
  const auto malformed = [](const char* what) { return fail(ErrorCode::malformed, what); };
  if (state.role != Role::server && state.role != Role::client) return malformed("unknown role");
  if (state.phase != Phase::established) return malformed("unknown phase");
  if (state.suite == nullptr) return malformed("no cipher suite");
  const std::size_t keying_size = state.suite->keying_size();
  if (state.read.keying.size() != keying_size || state.write.keying.size() != keying_size) {
    return malformed("a secret does not have the size that the cipher suite asks for");
  }
  if (!fragment_size_is_legal(state.max_send_fragment) ||
      !fragment_size_is_legal(state.max_receive_fragment)) {
    return malformed("a record size limit is out of range");
  }
  if (state.version() == ProtocolVersion::tls12 && state.key_update_owed) {
    return malformed("TLS 1.2 has no KeyUpdate");
  }
  if (state.suite->explicit_nonce_size() == 0 && state.next_explicit_nonce != 0) {
    return malformed("an explicit nonce where the cipher suite has none");
  }
  if (!state.exporter_secret.empty() &&
      (state.version() != ProtocolVersion::tls13 ||
       state.exporter_secret.size() != crypto::hash_size(state.suite->hash))) {
    return malformed("an exporter secret that the cipher suite cannot have");
  }
  if (state.handshake_time && !is_in_range(*state.handshake_time)) {
    return malformed("the time of the handshake is out of range");
  }
  if (!chain_is_legal(state.peer_chain)) return malformed("the peer's certificate chain is out of bounds");
  if (!state.peer_chain.empty() && state.peer_digest) {
    return malformed("both the peer's certificate chain and its digest");
  }
  return {};
}

}  // namespace baton::tls
