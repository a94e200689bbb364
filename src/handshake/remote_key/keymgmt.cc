// Key management of the provider: EC, RSA and Ed25519 keys whose private half is elsewhere.
//
// All that is asked about the public half is passed on to the default provider's key. Nothing private can be
// exported, which also makes libcrypto look for the signature at this provider.

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "handshake/remote_key/provider_tables.h"

namespace baton::remote_key {
namespace {

KeyObject& object_of(const void* key) {
  return *static_cast<KeyObject*>(const_cast<void*>(key));
}

void* make_key(void* /*provider*/) {
  return new KeyObject();
}

void free_key(void* key) {
  delete static_cast<KeyObject*>(key);
}

// Takes a key that the module's decoder or store has found.
void* load_key(const void* reference, std::size_t size) {
  if (size != sizeof(KeyReference)) return nullptr;
  return take_key(*static_cast<KeyReference*>(const_cast<void*>(reference))).release();
}

int has(const void* key, int selection) {
  const KeyObject& object = object_of(key);
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && !object.signer) return 0;
  return object.public_key ? 1 : 0;
}

int match(const void* a, const void* b, int /*selection*/) {
  const KeyObject& one = object_of(a);
  const KeyObject& other = object_of(b);
  return one.public_key && other.public_key && EVP_PKEY_eq(one.public_key.get(), other.public_key.get()) == 1;
}

// Takes a whole KeyObject of make_remote_key(), and nothing else: ordinary keys, public ones too, stay where
// they are, and whoever compares one with ours has ours exported.
int import_key(void* key, int /*selection*/, const OSSL_PARAM* params) {
  KeyObject& object = object_of(key);
  const OSSL_PARAM* ours = OSSL_PARAM_locate_const(params, kObjectParameter);
  const void* bytes = nullptr;
  std::size_t size = 0;
  if (ours == nullptr || OSSL_PARAM_get_octet_ptr(ours, &bytes, &size) != 1 || size != sizeof(KeyObject)) {
    return 0;
  }
  const auto& given = *static_cast<const KeyObject*>(bytes);
  EVP_PKEY_up_ref(given.public_key.get());
  object.public_key.reset(given.public_key.get());
  object.digest = given.digest;
  object.signer = given.signer;
  return 1;
}

const OSSL_PARAM* importable(int /*selection*/) {
  static const OSSL_PARAM kTypes[] = {
      {kObjectParameter, OSSL_PARAM_OCTET_PTR, nullptr, 0, OSSL_PARAM_UNMODIFIED}, OSSL_PARAM_END};
  return kTypes;
}

int export_public(void* key, int selection, OSSL_CALLBACK* give, void* argument) {
  const KeyObject& object = object_of(key);
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 || !object.public_key) return 0;
  return EVP_PKEY_export(object.public_key.get(), EVP_PKEY_PUBLIC_KEY, give, argument);
}

const OSSL_PARAM* exportable(int /*selection*/) {
  static const OSSL_PARAM kTypes[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
                                      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
                                      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0), OSSL_PARAM_END};
  return kTypes;
}

int get_parameters(void* key, OSSL_PARAM params[]) {
  const KeyObject& object = object_of(key);
  return object.public_key && EVP_PKEY_get_params(object.public_key.get(), params) == 1;
}

const OSSL_PARAM* gettable(void* /*provider*/) {
  static const OSSL_PARAM kTypes[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
                                      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
                                      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
                                      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
                                      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, nullptr, 0),
                                      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
                                      OSSL_PARAM_END};
  return kTypes;
}

const char* ec_operation(int operation) {
  return operation == OSSL_OP_SIGNATURE ? "ECDSA" : nullptr;
}
const char* rsa_operation(int /*operation*/) {
  return "RSA";
}
const char* ed25519_operation(int /*operation*/) {
  return "ED25519";
}

template <auto kOperation>
std::array<OSSL_DISPATCH, 13> table_of() {
  return {{{OSSL_FUNC_KEYMGMT_NEW, as_function<make_key>()},
           {OSSL_FUNC_KEYMGMT_FREE, as_function<free_key>()},
           {OSSL_FUNC_KEYMGMT_LOAD, as_function<load_key>()},
           {OSSL_FUNC_KEYMGMT_HAS, as_function<has>()},
           {OSSL_FUNC_KEYMGMT_MATCH, as_function<match>()},
           {OSSL_FUNC_KEYMGMT_IMPORT, as_function<import_key>()},
           {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, as_function<importable>()},
           {OSSL_FUNC_KEYMGMT_EXPORT, as_function<export_public>()},
           {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, as_function<exportable>()},
           {OSSL_FUNC_KEYMGMT_GET_PARAMS, as_function<get_parameters>()},
           {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, as_function<gettable>()},
           {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, as_function<kOperation>()},
           {0, nullptr}}};
}

}  // namespace

const OSSL_ALGORITHM* key_managements() {
  static const auto kEc = table_of<ec_operation>();
  static const auto kRsa = table_of<rsa_operation>();
  static const auto kEd25519 = table_of<ed25519_operation>();
  static const OSSL_ALGORITHM kAll[] = {
      {"EC:id-ecPublicKey:1.2.840.10045.2.1", kProperties, kEc.data(), "ECDSA keys that are elsewhere"},
      {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperties, kRsa.data(), "RSA keys that are elsewhere"},
      {"ED25519:1.3.101.112", kProperties, kEd25519.data(), "Ed25519 keys that are elsewhere"},
      {nullptr, nullptr, nullptr, nullptr}};
  return kAll;
}

}  // namespace baton::remote_key
