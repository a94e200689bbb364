#include "handshake/suite_lists.h"

#include <algorithm>

namespace baton::handshake {
namespace {

using tls::ProtocolVersion;

std::vector<const tls::CipherSuite*> default_suites() {
  std::vector<const tls::CipherSuite*> suites;
  for (const tls::CipherSuite& suite : tls::cipher_suites()) suites.push_back(&suite);
  // A tenant with both kinds of key signs with the fast one.
  std::stable_partition(suites.begin(), suites.end(), [](const tls::CipherSuite* suite) {
    return suite->name.find("_RSA_") == std::string_view::npos;
  });
  return suites;
}

Result<std::vector<const tls::CipherSuite*>> named_suites(const std::vector<std::string>& names,
                                                          const std::string& owner) {
  std::vector<const tls::CipherSuite*> suites;
  for (const std::string& name : names) {
    const tls::CipherSuite* suite = tls::find_cipher_suite(name);
    if (suite == nullptr) {
      return fail(ErrorCode::invalid_argument, owner + ": unknown cipher suite \"" + name +
                                                   "\"; give an IANA name of an AEAD suite, such as "
                                                   "TLS_AES_128_GCM_SHA256");
    }
    suites.push_back(suite);
  }
  return suites;
}

void add_to_list(std::string& list, std::string_view name) {
  if (!list.empty()) list += ':';
  list += name;
}

}  // namespace

Result<SuiteLists> suite_lists(const std::vector<std::string>& iana_names, ProtocolVersion min_version,
                               ProtocolVersion max_version, const std::string& owner) {
  Result<std::vector<const tls::CipherSuite*>> suites = default_suites();
  if (!iana_names.empty()) suites = named_suites(iana_names, owner);
  if (!suites) return pass_on(suites);
  SuiteLists lists;
  for (const tls::CipherSuite* suite : *suites) {
    if (suite->version == ProtocolVersion::tls13) {
      add_to_list(lists.tls13, suite->name);
    } else {
      add_to_list(lists.tls12, suite->libssl_name);
    }
  }
  lists.min_version = lists.tls12.empty() ? ProtocolVersion::tls13 : min_version;
  lists.max_version = lists.tls13.empty() ? ProtocolVersion::tls12 : max_version;
  if (min_version > max_version || lists.min_version > max_version || min_version > lists.max_version) {
    return fail(ErrorCode::invalid_argument, owner + ": no cipher suite fits the range from " +
                                                 std::string(to_string(min_version)) + " to " +
                                                 std::string(to_string(max_version)));
  }
  return lists;
}

bool apply(const SuiteLists& lists, SSL* ssl) {
  return SSL_set_min_proto_version(ssl, static_cast<int>(lists.min_version)) == 1 &&
         SSL_set_max_proto_version(ssl, static_cast<int>(lists.max_version)) == 1 &&
         SSL_set_ciphersuites(ssl, lists.tls13.c_str()) == 1 &&
         (lists.tls12.empty() || SSL_set_cipher_list(ssl, lists.tls12.c_str()) == 1);
}

bool apply(const SuiteLists& lists, SSL_CTX* context) {
  return SSL_CTX_set_min_proto_version(context, static_cast<int>(lists.min_version)) == 1 &&
         SSL_CTX_set_max_proto_version(context, static_cast<int>(lists.max_version)) == 1 &&
         SSL_CTX_set_ciphersuites(context, lists.tls13.c_str()) == 1 &&
         (lists.tls12.empty() || SSL_CTX_set_cipher_list(context, lists.tls12.c_str()) == 1);
}

}  // namespace baton::handshake
