// Certificate authorities from PEM text.
#pragma once

#include <string>

#include "base/error.h"
#include "handshake/openssl_handles.h"

namespace baton::handshake {

struct TrustAnchors {
  StorePtr store;
  NameListPtr names;  // for the CertificateRequest
};

Result<TrustAnchors> load_trust_anchors(std::string_view pem, const std::string& source);

}  // namespace baton::handshake
