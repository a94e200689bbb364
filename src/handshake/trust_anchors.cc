#include "handshake/trust_anchors.h"

#include "crypto/openssl_error.h"
#include "handshake/pem.h"

namespace baton::handshake {

Result<TrustAnchors> load_trust_anchors(std::string_view pem, const std::string& source) {
  Result<std::vector<CertificatePtr>> certificates = read_certificates(pem, source);
  if (!certificates) return pass_on(certificates);
  TrustAnchors anchors{StorePtr(X509_STORE_new()), NameListPtr(sk_X509_NAME_new_null())};
  if (!anchors.store || !anchors.names) return crypto::openssl_error(source);
  for (const CertificatePtr& certificate : *certificates) {
    X509_NAME* name = X509_NAME_dup(X509_get_subject_name(certificate.get()));
    if (X509_STORE_add_cert(anchors.store.get(), certificate.get()) != 1 || name == nullptr ||
        sk_X509_NAME_push(anchors.names.get(), name) == 0) {
      X509_NAME_free(name);
      return crypto::openssl_error(source);
    }
  }
  return anchors;
}

}  // namespace baton::handshake
