// Signatures of the provider: the whole input goes to the key's RemoteSigner. Nothing else can be done with
// these keys: there is no signing of digests and no decryption.

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/proverr.h>
#include <openssl/rsa.h>

#include <cstring>
#include <string>

#include "handshake/remote_key/provider_tables.h"

namespace baton::remote_key {
namespace {

struct SignatureContext {
  const KeyObject* key = nullptr;  // the key outlives its operations
  std::string digest;              // OpenSSL's name; empty: none
  bool pss = false;
  Bytes input;  // of update(), until final()
};

SignatureContext& context_of(void* context) {
  return *static_cast<SignatureContext*>(context);
}

void* make_context(void* /*provider*/, const char* /*properties*/) {
  return new SignatureContext();
}
void free_context(void* context) {
  delete static_cast<SignatureContext*>(context);
}
void* duplicate_context(void* context) {
  return new SignatureContext(context_of(context));
}

int refuse(std::string_view why) {
  return raise(PROV_R_FAILED_TO_SIGN, why);
}

bool is(const std::string& digest, const char* name) {
  const EVP_MD* known = EVP_get_digestbyname(name);
  const EVP_MD* given = EVP_get_digestbyname(digest.c_str());
  return known != nullptr && known == given;
}

// 0: none that is signed with.
std::uint16_t hash_number(const std::string& digest) {
  if (is(digest, "SHA256")) return 4;
  if (is(digest, "SHA384")) return 5;
  if (is(digest, "SHA512")) return 6;
  return 0;
}

// The SignatureScheme (RFC 8446 §4.2.3); 0: none.
std::uint16_t scheme_of(const SignatureContext& context) {
  const EVP_PKEY* key = context.key->public_key.get();
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return context.digest.empty() ? 0x0807 : 0;
  const std::uint16_t hash = hash_number(context.digest);
  if (hash == 0) return 0;
  if (EVP_PKEY_is_a(key, "EC") == 1) return static_cast<std::uint16_t>(hash << 8 | 3);
  return static_cast<std::uint16_t>(context.pss ? 0x0800 | hash : hash << 8 | 1);
}

int set_padding(SignatureContext& context, const OSSL_PARAM& parameter) {
  int number = 0;
  if (parameter.data_type == OSSL_PARAM_UTF8_STRING) {
    const auto* name = static_cast<const char*>(parameter.data);
    context.pss = std::strcmp(name, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
    return context.pss || std::strcmp(name, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0;
  }
  if (OSSL_PARAM_get_int(&parameter, &number) != 1) return 0;
  context.pss = number == RSA_PKCS1_PSS_PADDING;
  return context.pss || number == RSA_PKCS1_PADDING;
}

// TLS has salts of the digest's length only, so there is nothing else to be had.
int check_salt(const SignatureContext& context, const OSSL_PARAM& parameter) {
  int length = 0;
  const EVP_MD* digest = EVP_get_digestbyname(context.digest.c_str());
  const int expected = digest != nullptr ? EVP_MD_get_size(digest) : 0;
  if (parameter.data_type == OSSL_PARAM_UTF8_STRING) {  // of a number, too
    const std::string_view text(static_cast<const char*>(parameter.data));
    return text == OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST || text == std::to_string(expected);
  }
  if (OSSL_PARAM_get_int(&parameter, &length) != 1) return 0;
  return length == RSA_PSS_SALTLEN_DIGEST || length == expected;
}

// So it is with the digest of PSS's mask: the scheme names one for both.
int check_mask(const SignatureContext& context, const OSSL_PARAM& parameter) {
  return parameter.data_type == OSSL_PARAM_UTF8_STRING &&
         is(context.digest, static_cast<const char*>(parameter.data));
}

int set_parameters(void* raw, const OSSL_PARAM params[]) {
  SignatureContext& context = context_of(raw);
  if (params == nullptr) return 1;
  if (const OSSL_PARAM* pad = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE)) {
    if (set_padding(context, *pad) != 1) return refuse("only PKCS#1 and PSS can be had of a remote key");
  }
  if (const OSSL_PARAM* digest = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST)) {
    if (digest->data_type != OSSL_PARAM_UTF8_STRING) return 0;
    context.digest.assign(static_cast<const char*>(digest->data));
  }
  if (const OSSL_PARAM* salt = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN)) {
    if (check_salt(context, *salt) != 1) return refuse("the salt of PSS has the length of its digest");
  }
  if (const OSSL_PARAM* mask = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST)) {
    if (check_mask(context, *mask) != 1) return refuse("the mask of PSS has the digest of the signature");
  }
  return 1;
}

const OSSL_PARAM* settable(void* /*context*/, void* /*provider*/) {
  static const OSSL_PARAM kTypes[] = {OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
                                      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
                                      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
                                      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, nullptr, 0),
                                      OSSL_PARAM_END};
  return kTypes;
}

// Who signs certificates and requests for them asks how the signature is to be named there, first of all.
int get_parameters(void* /*context*/, OSSL_PARAM params[]) {
  if (OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID) == nullptr) return 1;
  return refuse("a remote key signs the handshakes of TLS only: no certificates, and no requests for them");
}

const OSSL_PARAM* gettable(void* /*context*/, void* /*provider*/) {
  static const OSSL_PARAM kNone[] = {OSSL_PARAM_END};
  return kNone;
}

int begin(void* raw, const char* digest, void* key, const OSSL_PARAM params[]) {
  SignatureContext& context = context_of(raw);
  if (key != nullptr) context.key = static_cast<const KeyObject*>(key);
  if (context.key == nullptr || !context.key->signer) return refuse("this key cannot sign");
  context.digest = digest != nullptr ? digest : "";
  context.input.clear();
  return set_parameters(raw, params);
}

int sign_input(const SignatureContext& context, unsigned char* out, std::size_t* size, std::size_t room,
               ByteView input) {
  if (out == nullptr) {
    *size = static_cast<std::size_t>(EVP_PKEY_get_size(context.key->public_key.get()));
    return 1;
  }
  const std::uint16_t scheme = scheme_of(context);
  if (scheme == 0) return refuse("no TLS signature scheme has this digest with this kind of key");
  const auto kind = signing_kind_of(input);
  if (!kind)
    return refuse("a remote key signs the handshakes of TLS only, and nothing that is hashed already");
  const Result<Bytes> signature = context.key->signer->sign(context.key->digest, *kind, scheme, input);
  if (!signature) return refuse(signature.error().message);
  if (signature->size() > room) return refuse("the signature is larger than its key allows");
  std::copy(signature->begin(), signature->end(), out);
  *size = signature->size();
  return 1;
}

int sign_once(void* raw, unsigned char* out, std::size_t* size, std::size_t room, const unsigned char* input,
              std::size_t input_size) {
  return sign_input(context_of(raw), out, size, room, {input, input_size});
}

int update(void* raw, const unsigned char* data, std::size_t size) {
  Bytes& input = context_of(raw).input;
  if (size > kMaxSigningInput - input.size())
    return refuse("the input is longer than any of TLS that is signed");
  input.insert(input.end(), data, data + size);
  return 1;
}

int finish(void* raw, unsigned char* out, std::size_t* size, std::size_t room) {
  const SignatureContext& context = context_of(raw);
  return sign_input(context, out, size, room, context.input);
}

}  // namespace

const OSSL_ALGORITHM* signatures() {
  static const OSSL_DISPATCH kTable[] = {{OSSL_FUNC_SIGNATURE_NEWCTX, as_function<make_context>()},
                                         {OSSL_FUNC_SIGNATURE_FREECTX, as_function<free_context>()},
                                         {OSSL_FUNC_SIGNATURE_DUPCTX, as_function<duplicate_context>()},
                                         {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, as_function<begin>()},
                                         {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, as_function<sign_once>()},
                                         {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, as_function<update>()},
                                         {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, as_function<finish>()},
                                         {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, as_function<get_parameters>()},
                                         {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, as_function<gettable>()},
                                         {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, as_function<set_parameters>()},
                                         {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, as_function<settable>()},
                                         {0, nullptr}};
  static const OSSL_ALGORITHM kAll[] = {
      {"ECDSA", kProperties, kTable, "ECDSA by keys that are elsewhere"},
      {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperties, kTable, "RSA by keys that are elsewhere"},
      {"ED25519:1.3.101.112", kProperties, kTable, "Ed25519 by keys that are elsewhere"},
      {nullptr, nullptr, nullptr, nullptr}};
  return kAll;
}

}  // namespace baton::remote_key
