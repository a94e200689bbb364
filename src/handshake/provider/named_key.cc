#include "handshake/provider/named_key.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "handshake/provider/key_uri.h"
#include "handshake/remote_key/provider_tables.h"

namespace baton::provider {

Result<std::unique_ptr<remote_key::KeyObject>> load_named_key(std::string_view uri) {
  const auto certificate = parse_key_uri(uri);
  if (!certificate) return fail(certificate.error().code, certificate.error().message);
  return key_of_certificate(*certificate);
}

namespace {

using Management = std::unique_ptr<EVP_KEYMGMT, handshake::FreeWith<EVP_KEYMGMT_free>>;

// Whom OpenSSL asks for a key of which nothing else is known. The link's TLS needs such keys, too.
Result<void> check_order() {
  const Management first(EVP_KEYMGMT_fetch(nullptr, "EC", nullptr));
  const Management ours(EVP_KEYMGMT_fetch(nullptr, "EC", remote_key::kProperties));
  if (first && first != ours) return {};
  ERR_clear_error();
  return fail(ErrorCode::refused,
              "OpenSSL's configuration must activate the provider \"default\", and before this one");
}

}  // namespace

Result<void> add_signer(remote_key::KeyObject& key, const ModuleContext& context) {
  if (auto order = check_order(); !order) return order;
  auto signer = context.find_signer();
  if (!signer) return pass_on(signer);
  key.signer = std::move(*signer);
  return {};
}

int give_key(std::unique_ptr<remote_key::KeyObject> key, OSSL_CALLBACK* give, void* argument) {
  int type = OSSL_OBJECT_PKEY;
  const char* key_type = remote_key::key_type(key->public_key.get());
  remote_key::KeyReference reference{key.release()};
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, const_cast<char*>(key_type), 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &reference, sizeof reference),
      OSSL_PARAM_construct_end()};
  const int given = give(params, argument);
  remote_key::take_key(reference);  // where nobody has
  return given;
}

}  // namespace baton::provider
