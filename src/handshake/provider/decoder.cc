// Decoders of PEM files that name a key, in the two steps in which OpenSSL decodes all of them: from PEM to
// DER, and from DER to a key. What is not theirs they leave to the others. OpenSSL's own store of files looks
// at DER, too, so the text stands in a UTF8String then.

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>

#include <cstring>

#include "handshake/provider/key_uri.h"
#include "handshake/provider/named_key.h"
#include "handshake/remote_key/provider_tables.h"

namespace baton::provider {
namespace {

using remote_key::as_function;
using remote_key::raise;

// Bytes. A path of Linux has at most 4096, each of which may be percent-encoded.
constexpr std::size_t kMaxUri = std::size_t{16} * 1024;
constexpr int kLineSize = 256;  // longer ones come in parts

const ModuleContext& module_of(void* decoder) {
  return *static_cast<const ModuleContext*>(decoder);
}

void* make_decoder(void* context) {
  return context;
}
void free_decoder(void* /*decoder*/) {}

// --- from PEM ---

// Passes over what stands before the next PEM block, and takes that block: what follows is for the next call,
// as with OpenSSL's own decoder of PEM. Empty: it is another kind of block, whose lines are not kept, or
// there is none.
std::string take_block(const ModuleContext& context, OSSL_CORE_BIO* stream) {
  std::string block;
  bool is_in_block = false;
  bool is_ours = false;
  SecretBuffer line(kLineSize);  // of a private key, perhaps (R6)
  auto* const buffer = reinterpret_cast<char*>(line.data());
  for (int size = 0; (size = context.read_line(stream, buffer, kLineSize)) > 0;) {
    const std::string_view text(buffer, static_cast<std::size_t>(size));
    if (text.starts_with("-----BEGIN ")) {
      is_in_block = true;
      is_ours = text.starts_with(kKeyFileBegins);
      block.clear();
    }
    if (is_ours) block += text;
    if (block.size() > 2 * kMaxUri) break;
    if (is_in_block && text.starts_with("-----END ")) return block;
  }
  return {};
}

using String = std::unique_ptr<ASN1_STRING, handshake::FreeWith<ASN1_STRING_free>>;

// Empty: there is no memory.
Bytes to_der(std::string_view uri) {
  const String string(ASN1_UTF8STRING_new());
  std::uint8_t* der = nullptr;
  if (!string || ASN1_STRING_set(string.get(), uri.data(), static_cast<int>(uri.size())) != 1) return {};
  const int size = i2d_ASN1_UTF8STRING(string.get(), &der);
  if (size <= 0) return {};
  Bytes result(der, der + size);
  OPENSSL_free(der);
  return result;
}

int decode_pem(void* decoder, OSSL_CORE_BIO* stream, int /*selection*/, OSSL_CALLBACK* give, void* argument,
               OSSL_PASSPHRASE_CALLBACK* /*passphrase*/, void* /*passphrase_argument*/) {
  const auto uri = find_key_uri(as_bytes(take_block(module_of(decoder), stream)));
  if (!uri || uri->size() > kMaxUri) return 1;
  // What is wrong is said here: OpenSSL's store of files forgets the errors of the next step.
  auto key = load_named_key(*uri);
  const auto added = key ? add_signer(**key, module_of(decoder)) : pass_on(key);
  if (!added) return raise(PROV_R_INVALID_CONFIG_DATA, added.error().message);
  Bytes der = to_der(*uri);
  if (der.empty()) return 0;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der.data(), der.size()),
      OSSL_PARAM_construct_end()};
  return give(params, argument);
}

// --- from DER ---

// Empty where it is none of ours.
std::string uri_in(ByteView der) {
  const std::uint8_t* position = der.data();
  if (der.empty() || der.front() != V_ASN1_UTF8STRING) return {};
  ERR_set_mark();
  const String string(d2i_ASN1_UTF8STRING(nullptr, &position, static_cast<long>(der.size())));
  ERR_pop_to_mark();
  if (!string) return {};
  std::string uri(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string.get())),
                  static_cast<std::size_t>(ASN1_STRING_length(string.get())));
  return uri.starts_with(kKeyUriScheme + std::string(":")) ? uri : std::string();
}

// No more than a URI and what is around it may have. Other files may be private keys (R6).
SecretBuffer read_some(const ModuleContext& context, OSSL_CORE_BIO* stream) {
  SecretBuffer content(kMaxUri + 16);
  std::size_t size = 0;
  std::size_t count = 0;
  while (size < content.size() &&
         context.read(stream, content.data() + size, content.size() - size, &count) == 1) {
    size += count;
  }
  content.resize(size);
  return content;
}

template <const char* const& kType>
int decode_der(void* decoder, OSSL_CORE_BIO* stream, int /*selection*/, OSSL_CALLBACK* give, void* argument,
               OSSL_PASSPHRASE_CALLBACK* /*passphrase*/, void* /*passphrase_argument*/) {
  const std::string uri = uri_in(read_some(module_of(decoder), stream));
  if (uri.empty()) return 1;
  auto key = load_named_key(uri);
  if (!key) return raise(PROV_R_INVALID_CONFIG_DATA, key.error().message);
  if (std::strcmp(remote_key::key_type((*key)->public_key.get()), kType) != 0) return 1;
  if (auto added = add_signer(**key, module_of(decoder)); !added) {
    return raise(PROV_R_INVALID_CONFIG_DATA, added.error().message);
  }
  return give_key(std::move(*key), give, argument);
}

constexpr const char* kEc = "EC";
constexpr const char* kRsa = "RSA";
constexpr const char* kEd25519 = "ED25519";

template <auto kDecode>
const OSSL_DISPATCH* table() {
  static const OSSL_DISPATCH kTable[] = {{OSSL_FUNC_DECODER_NEWCTX, as_function<make_decoder>()},
                                         {OSSL_FUNC_DECODER_FREECTX, as_function<free_decoder>()},
                                         {OSSL_FUNC_DECODER_DECODE, as_function<kDecode>()},
                                         {0, nullptr}};
  return kTable;
}

}  // namespace

const OSSL_ALGORITHM* decoders() {
  static constexpr const char* kFromPem = "provider=baton,input=pem";
  static constexpr const char* kFromDer = "provider=baton,input=der";
  static const OSSL_ALGORITHM kAll[] = {
      {"DER", kFromPem, table<decode_pem>(), "names of keys"},
      {"EC:id-ecPublicKey:1.2.840.10045.2.1", kFromDer, table<decode_der<kEc>>(), "names of ECDSA keys"},
      {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kFromDer, table<decode_der<kRsa>>(), "names of RSA keys"},
      {"ED25519:1.3.101.112", kFromDer, table<decode_der<kEd25519>>(), "names of Ed25519 keys"},
      {nullptr, nullptr, nullptr, nullptr}};
  return kAll;
}

}  // namespace baton::provider
