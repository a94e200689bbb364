// Decoders of PEM files that name a key, in the two steps in which OpenSSL decodes all of them: from PEM to
// DER, and from DER to a key. What is not theirs they leave to the others. OpenSSL's own store of files looks
// at DER, too, so the text stands in a UTF8String then.

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>

#include <array>
#include <cstring>

#include "provider/key_uri.h"
#include "provider/named_key.h"
#include "remote_key/provider_tables.h"

namespace baton::provider {
namespace {

using remote_key::as_function;

constexpr std::size_t kMaxUri = 8192;  // bytes; a path has at most 4096, each of which may be percent-encoded
constexpr int kMaxLine = 256;          // of PEM, which has at most 78

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";

const ModuleContext& module_of(void* decoder) {
  return *static_cast<const ModuleContext*>(decoder);
}

void* make_decoder(void* context) {
  return context;
}
void free_decoder(void* /*decoder*/) {}

// --- from PEM ---

// One line of the stream with its end; empty at the end.
std::string read_line(const ModuleContext& context, OSSL_CORE_BIO* stream) {
  std::array<char, kMaxLine> line{};
  const int size = context.gets(stream, line.data(), kMaxLine);
  return size > 0 ? std::string(line.data(), static_cast<std::size_t>(size)) : std::string();
}

// The next block of the stream if it names a key, else nullopt. Reads no further than to the end of that
// block, since what follows may be another one.
std::optional<std::string> read_key_uri(const ModuleContext& context, OSSL_CORE_BIO* stream) {
  std::string line;
  do {
    line = read_line(context, stream);
    if (line.empty()) return std::nullopt;
  } while (!line.starts_with(kBegin));
  if (!line.starts_with(std::string(kBegin) + kKeyFileLabel)) return std::nullopt;
  std::string block = line;
  while (!line.starts_with(kEnd)) {
    line = read_line(context, stream);
    block += line;
    if (line.empty() || block.size() > 2 * kMaxUri) return std::nullopt;
  }
  return find_key_uri(as_bytes(block));
}

struct FreeString {
  void operator()(ASN1_STRING* string) const noexcept { ASN1_STRING_free(string); }
};
using String = std::unique_ptr<ASN1_STRING, FreeString>;

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
  const auto uri = read_key_uri(module_of(decoder), stream);
  if (!uri || uri->size() > kMaxUri) return 1;
  // What is wrong is said here: OpenSSL's store of files forgets the errors of the next step.
  if (const auto key = load_named_key(*uri, module_of(decoder)); !key) {
    return raise(PROV_R_INVALID_CONFIG_DATA, key.error().message);
  }
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
  auto key = load_named_key(uri, module_of(decoder));
  if (!key) return raise(PROV_R_INVALID_CONFIG_DATA, key.error().message);
  if (std::strcmp(remote_key::key_type((*key)->public_key.get()), kType) != 0) return 1;
  return give_key(std::move(*key), give, argument);
}

constexpr const char* kEc = "EC";
constexpr const char* kRsa = "RSA";
constexpr const char* kEd25519 = "ED25519";

using Decode = int(void*, OSSL_CORE_BIO*, int, OSSL_CALLBACK*, void*, OSSL_PASSPHRASE_CALLBACK*, void*);

template <Decode& kDecode>
const OSSL_DISPATCH* table() {
  static const OSSL_DISPATCH kTable[] = {{OSSL_FUNC_DECODER_NEWCTX, as_function(make_decoder)},
                                         {OSSL_FUNC_DECODER_FREECTX, as_function(free_decoder)},
                                         {OSSL_FUNC_DECODER_DECODE, as_function(kDecode)},
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
