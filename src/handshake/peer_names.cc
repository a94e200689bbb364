#include "handshake/peer_names.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "handshake/openssl_handles.h"

namespace baton::handshake {
namespace {

using AlternativeNames = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::vector<std::string> names_of(const X509& certificate, bool uris) {
  std::vector<std::string> names;
  const AlternativeNames alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type != GEN_DNS && !(uris && name->type == GEN_URI)) continue;
    const ASN1_IA5STRING* value = name->d.ia5;  // the same member for both kinds
    std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                     static_cast<std::size_t>(ASN1_STRING_length(value)));
    if (!text.empty() && is_printable_ascii(text)) names.push_back(std::move(text));
  }
  return names;
}

}  // namespace

std::vector<std::string> peer_names(const X509& certificate) {
  return names_of(certificate, true);
}

std::vector<std::string> dns_names(const X509& certificate) {
  return names_of(certificate, false);
}

}  // namespace baton::handshake
