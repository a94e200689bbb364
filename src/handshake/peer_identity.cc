#include "handshake/peer_identity.h"

#include "crypto/kdf.h"

namespace baton::handshake {
namespace {

Bytes to_der(const X509* certificate) {
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return {};
  Bytes der(static_cast<std::size_t>(size));
  std::uint8_t* out = der.data();
  i2d_X509(certificate, &out);
  return der;
}

// As the peer sent it, leaf first. libssl's list at a server lacks the leaf.
std::vector<Bytes> sent_chain(const SSL* ssl, const X509* leaf) {
  std::vector<Bytes> chain{to_der(leaf)};
  STACK_OF(X509)* sent = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    const X509* certificate = sk_X509_value(sent, i);
    if (X509_cmp(certificate, leaf) != 0) chain.push_back(to_der(certificate));
  }
  return chain;
}

bool fits(const std::vector<Bytes>& chain) {
  std::size_t size = 0;
  for (const Bytes& certificate : chain) size += certificate.size();
  return chain.size() <= tls::kMaxPeerCertificates && size <= tls::kMaxPeerChain;
}

}  // namespace

CertificatePtr verified_peer(const SSL* ssl) {
  const bool verified =
      SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && SSL_get_verify_result(ssl) == X509_V_OK;
  return CertificatePtr(verified ? SSL_get_peer_certificate(ssl) : nullptr);
}

Result<void> keep_peer_identity(const SSL* ssl, PeerIdentity kept, tls::ConnectionState& state) {
  if (kept == PeerIdentity::none) return {};
  const CertificatePtr leaf = verified_peer(ssl);
  if (!leaf) return {};
  if (kept == PeerIdentity::chain) {
    state.peer_chain = sent_chain(ssl, leaf.get());
    if (fits(state.peer_chain)) return {};
    state.peer_chain.clear();
  }
  state.peer_digest.emplace();
  return crypto::digest(crypto::HashAlgorithm::sha256, to_der(leaf.get()), *state.peer_digest);
}

}  // namespace baton::handshake
